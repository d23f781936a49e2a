"""Resource limits of a single process, set by itself before its program starts."""

import resource

from ignis.executor.models import Limits

_STANDARD_FILES = 3  # that every process starts with
# These two are counted against the user who made the sandbox as well: a job with
# root's own limits would leave none to root of the host, and to other jobs.
_QUEUED_SIGNALS = 256
_QUEUE_BYTES = 96 * 1024  # one message queue of the default size
_LOCKED_BYTES = 64 * 1024
_STACK_BYTES = 8 * 1024 * 1024
_GIB = 1024**3
_KIB = 1024

Pair = tuple[int, int]

# 0 would keep no file, but still start the host's handler of core dumps where it
# has one, as root, with the job's memory. Of 1 the kernel makes nothing at all.
# Set before the filter, which lets nobody change it.
NO_CORE_DUMPS: dict[int, Pair] = {resource.RLIMIT_CORE: (1, 1)}
# A program's threads get as much, and its memory is laid out for it, when it is executed.
STACK: dict[int, Pair] = {resource.RLIMIT_STACK: (_STACK_BYTES, resource.RLIM_INFINITY)}


def rlimits(limits: Limits, *, cgroup: bool, own_uid: bool) -> dict[int, Pair]:
    """Return (soft, hard) per resource, for processes under another uid than the runner or not.

    With a cgroup nothing limits address space: Go and node reserve much more
    than they use. Without one, RLIMIT_DATA is a wide fence around what polling
    enforces, and RLIMIT_NPROC stands in for the cgroup's process limit.
    """
    cpu = -(-limits.cpu_time_ms // 1000) + 1  # the meter is exact: this is its safety net
    files = max(limits.open_files, _STANDARD_FILES)
    chosen = {
        resource.RLIMIT_CPU: (cpu, cpu + 1),
        resource.RLIMIT_FSIZE: (limits.file_bytes, limits.file_bytes),
        resource.RLIMIT_MEMLOCK: (_LOCKED_BYTES, _LOCKED_BYTES),
        resource.RLIMIT_NOFILE: (files, files),
        resource.RLIMIT_SIGPENDING: (_QUEUED_SIGNALS, _QUEUED_SIGNALS),
        resource.RLIMIT_MSGQUEUE: (_QUEUE_BYTES, _QUEUE_BYTES),
        **STACK,
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
