"""Resource limits of a single process, set by itself before its program starts."""

import resource

from ignis.executor.models import Limits

_STANDARD_FILES = 3  # that every process starts with
_LOCKED_BYTES = 64 * 1024
_STACK_BYTES = 8 * 1024 * 1024
_GIB = 1024**3
_KIB = 1024

Pair = tuple[int, int]


def rlimits(limits: Limits, *, cgroup: bool, own_uid: bool) -> dict[int, Pair]:
    """Return (soft, hard) per resource, for processes under another uid than the runner or not.

    With a cgroup nothing limits address space: Go and node reserve much more
    than they use. Without one, RLIMIT_DATA is a wide fence around what polling
    enforces, and RLIMIT_NPROC stands in for the cgroup's process limit.
    """
    infinite = resource.RLIM_INFINITY
    cpu = -(-limits.cpu_time_ms // 1000) + 1  # the meter is exact: this is its safety net
    files = max(limits.open_files, _STANDARD_FILES)
    chosen = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_CPU: (cpu, cpu + 1),
        resource.RLIMIT_FSIZE: (limits.file_bytes, limits.file_bytes),
        resource.RLIMIT_MEMLOCK: (_LOCKED_BYTES, _LOCKED_BYTES),
        resource.RLIMIT_NOFILE: (files, files),
        resource.RLIMIT_STACK: (_STACK_BYTES, infinite),
    }
    if not cgroup:
        data = 2 * limits.memory_kb * _KIB + _GIB
        chosen[resource.RLIMIT_DATA] = (data, data)
        most = limits.processes if own_uid else limits.processes + 1  # the runner is one
        chosen[resource.RLIMIT_NPROC] = (most, most)
    return chosen


def within_hard(wanted: Pair, hard: int) -> Pair:
    """Return `wanted` cut to the hard limit that the process already has."""
    if hard == resource.RLIM_INFINITY:
        return wanted
    return _lower(wanted[0], hard), _lower(wanted[1], hard)


def apply(chosen: dict[int, Pair]) -> None:
    """Set the limits on the calling process."""
    for which, wanted in chosen.items():
        resource.setrlimit(which, within_hard(wanted, resource.getrlimit(which)[1]))


def _lower(value: int, bound: int) -> int:
    return bound if value == resource.RLIM_INFINITY else min(value, bound)
