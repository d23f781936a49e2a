"""Resource limits."""

import resource
from dataclasses import replace

import pytest

from ignis.executor.models import Limits
from ignis.executor.runner.rlimits import rlimits, within_hard

LIMITS = Limits(10_000, 1500, 65536, 32, 1024, 4096)
INFINITE = resource.RLIM_INFINITY


def test_with_cgroup() -> None:
    """Where a cgroup counts, address space, data and processes are left alone."""
    chosen = rlimits(LIMITS, cgroup=True, own_uid=True)

    assert not {resource.RLIMIT_AS, resource.RLIMIT_DATA, resource.RLIMIT_NPROC} & set(chosen)
    assert (4096, 4096) == chosen[resource.RLIMIT_FSIZE]


@pytest.mark.parametrize(("own_uid", "most"), [(True, 32), (False, 33)])
def test_without_cgroup(own_uid: bool, most: int) -> None:
    """Without one, data has a wide fence; processes count the runner where it has their uid."""
    chosen = rlimits(LIMITS, cgroup=False, own_uid=own_uid)

    assert resource.RLIMIT_AS not in chosen
    assert 65536 * 1024 < chosen[resource.RLIMIT_DATA][0]
    assert (most, most) == chosen[resource.RLIMIT_NPROC]


@pytest.mark.parametrize(("files", "chosen"), [(1, 3), (3, 3), (4, 4), (1024, 1024)])
def test_open_files(files: int, chosen: int) -> None:
    """A process may have as many files open as asked for, and at least its own three."""
    limits = replace(LIMITS, open_files=files)

    assert (chosen, chosen) == rlimits(limits, cgroup=True, own_uid=True)[resource.RLIMIT_NOFILE]


def test_shared_counts() -> None:
    """What the kernel counts for the sandbox's maker too is limited far below its own share."""
    chosen = rlimits(LIMITS, cgroup=True, own_uid=True)

    assert chosen[resource.RLIMIT_SIGPENDING][1] <= 256
    assert chosen[resource.RLIMIT_MSGQUEUE][1] <= 128 * 1024


@pytest.mark.parametrize(("milliseconds", "seconds"), [(1, 2), (1000, 2), (1001, 3)])
def test_cpu(milliseconds: int, seconds: int) -> None:
    """The kernel's own CPU limit comes after the meter's, by a second at most two."""
    limits = Limits(10_000, milliseconds, 65536, 32, 1024, 4096)

    assert (seconds, seconds + 1) == rlimits(limits, cgroup=True, own_uid=True)[resource.RLIMIT_CPU]


@pytest.mark.parametrize(
    ("wanted", "hard", "expected"),
    [
        ((8, INFINITE), INFINITE, (8, INFINITE)),
        ((8, INFINITE), 4, (4, 4)),
        ((8, 16), 12, (8, 12)),
    ],
)
def test_within_hard(wanted: tuple[int, int], hard: int, expected: tuple[int, int]) -> None:
    """Nothing above the hard limit is asked for: only root may raise it."""
    assert expected == within_hard(wanted, hard)
