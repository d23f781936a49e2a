"""Ids of the host behind a sandbox's own."""

import pytest

from ignis.executor.sandbox.namespace import uids


@pytest.mark.parametrize(
    ("uid_map", "base"),
    [
        ("         0          0 4294967295\n", 0x70000000),
        ("0 100000 65536\n", 65536 - 8),
        ("0 1000 1\n", None),
        ("0 100000 1000\n", None),
        ("0 1000 1\n1 100000 65536\n", 65537 - 8),
    ],
)
def test_choose_base(uid_map: str, base: int | None) -> None:
    """Ids come from where nothing else has them, and from within the own user namespace."""
    assert base == uids.choose_base(uid_map, places=4)


def test_own_ids() -> None:
    """Runner and job have different ids, and so have different places."""
    lines = [line for slot in range(3) for line in uids.own_ids(slot, 5000).lines.splitlines()]
    outer = [line.split()[1] for line in lines]

    assert ["0", "1000"] * 3 == [line.split()[0] for line in lines]
    assert len(outer) == len(set(outer))


def test_shared_id() -> None:
    """With one id only, the job has its usual id inside."""
    assert uids.IdMap("1000 65533 1\n", separate=False) == uids.shared_id(65533)
