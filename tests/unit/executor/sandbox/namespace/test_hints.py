"""What to do about a kernel that refuses."""

import errno
from pathlib import Path

import pytest

from ignis.executor.sandbox.namespace.hints import explain
from ignis.executor.sandbox.namespace.requests import Failure


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces=15000"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor"),
        ("kernel/unprivileged_userns_clone", "1", "in a container"),
    ],
)
def test_settings(tmp_path: Path, name: str, value: str, words: str) -> None:
    """The setting that stands in the way is named, with the command that changes it."""
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(value + "\n")

    assert words in explain(Failure("unshare", errno.EPERM), tmp_path)


def test_others(tmp_path: Path) -> None:
    """An old kernel and a path that is missing or closed are told apart from a refusal."""
    assert "5.12" in explain(Failure("mount_setattr /x", errno.ENOSYS), tmp_path)
    assert "/no/path" in explain(Failure("/no/path", errno.ENOENT), tmp_path)
    assert "can't reach" in explain(Failure("/root/x", errno.EACCES), tmp_path)
