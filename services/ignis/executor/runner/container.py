"""The meter of a step in a container, whose one cgroup the runner shares and can't write."""

import os
import resource
import time

from ignis.executor.models import Limits
from ignis.executor.runner import sockets
from ignis.executor.runner.place import Shared

_KIB = 1024
_FIRST_TICK_MS = 2
_TICK_MS = 20
_ROOT = "/sys/fs/cgroup"
# Where an engine shows a container its own cgroup: v2, then v1.
_PLACES = (
    ("cpu.stat", "memory.stat", "memory.events", "pids.current"),
    (
        "cpuacct/cpuacct.usage",
        "memory/memory.stat",
        "memory/memory.oom_control",
        "pids/pids.current",
    ),
)
# Memory that belongs to processes and to files in memory: v2, then v1. Cached
# files of the image are not the job's.
_HELD = ((b"anon", b"shmem"), (b"rss", b"shmem"))


def open_shared(root: str = _ROOT) -> Shared | None:
    """Open the container's cgroup, None where a runtime shows none."""
    for names in _PLACES:
        opened: list[int] = []
        try:
            opened.extend(os.open(f"{root}/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in names)
        except OSError:
            for fd in opened:
                os.close(fd)
            continue
        return Shared(*opened)
    return None


class ContainerMeter:
    """Reads the shared cgroup, less what was there before the step and what the runner uses."""

    join: tuple[int, ...] = ()

    def __init__(self, shared: Shared, limits: Limits) -> None:
        """Measure against a step's `limits`; none of its processes may exist yet."""
        self._shared = shared
        self._limits = limits
        self._floor_kb = self._held_kb()
        self._kills = self._oom_kills()
        self._sampled_kb = 0
        self._reaped_kb = 0
        self._runner_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._most_tasks = 0
        # Short programs are looked at sooner, or their peak would never be seen.
        self.tick_ms = _FIRST_TICK_MS

    def cpu_ms(self) -> float:
        """Return the CPU time of all but the runner, in milliseconds."""
        text = _read(self._shared.cpu)
        microseconds = _values(text).get(b"usage_usec")
        total = int(text) / 1e6 if microseconds is None else microseconds / 1e3
        return total - time.process_time() * 1e3

    def out_of_memory(self) -> bool:
        """Return whether the kernel killed for memory, or more than the limit is held."""
        self.tick_ms = min(self.tick_ms * 2, _TICK_MS)
        held = self._held_kb() - self._floor_kb
        self._sampled_kb = max(self._sampled_kb, min(held, self._limits.memory_kb))
        self._most_tasks = max(self._most_tasks, int(_read(self._shared.pids)) - 1)
        # A cgroup of v1 doesn't count what TCP and UDP hold.
        held += sockets.held_kb()
        return held > self._limits.memory_kb or self._oom_kills() > self._kills

    def fork_refused(self) -> bool:
        """Return whether as many tasks were seen as the limit allows."""
        return self._most_tasks >= self._limits.processes

    def peak_kb(self) -> int:
        """Return the highest sample, or a single process's own peak if that is higher.

        A process starts as a copy of the runner, and the kernel keeps that
        copy's size as a peak: a figure no higher than it says nothing.
        """
        if self._reaped_kb <= self._runner_kb and self._sampled_kb:
            return self._sampled_kb
        return max(self._sampled_kb, self._reaped_kb)

    def reaped(self, usage: resource.struct_rusage) -> None:
        """Take note of a dead process's own peak."""
        self._reaped_kb = max(self._reaped_kb, usage.ru_maxrss)

    def _held_kb(self) -> int:
        values = _values(_read(self._shared.memory))
        keys = _HELD[0] if _HELD[0][0] in values else _HELD[1]
        return sum(values.get(key, 0) for key in keys) // _KIB

    def _oom_kills(self) -> int:
        return _values(_read(self._shared.oom)).get(b"oom_kill", 0)


def _read(fd: int) -> bytes:
    return os.pread(fd, 16384, 0)


def _values(text: bytes) -> dict[bytes, int]:
    """Return the lines `name value` of a cgroup's file."""
    pairs = (line.split() for line in text.splitlines() if b" " in line)
    return {pair[0]: int(pair[1]) for pair in pairs}
