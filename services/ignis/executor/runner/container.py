"""The meter of a step in a container, whose one cgroup the runner shares and can't write."""

import os
import resource
import time

from ignis.executor.models import Limits
from ignis.executor.runner import sockets
from ignis.executor.runner.place import Shared

_KIB = 1024
_LEAST_KB = 4  # every process has a page
_FIRST_TICK_MS = 2
_TICK_MS = 20
_ROOT = "/sys/fs/cgroup"
_OWN = "/proc/self/status"
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
# Memory of processes (v2, v1), and of files in memory. Cached files of the image
# are not the job's.
_PROCESSES = (b"anon", b"rss")
_FILES = (b"shmem",)


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
        opened.append(os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC))
        return Shared(*opened)
    return None


class ContainerMeter:
    """Reads the shared cgroup, less what was there before the step and what the runner uses."""

    join: tuple[int, ...] = ()

    def __init__(self, shared: Shared, limits: Limits) -> None:
        """Measure against a step's `limits`; none of its processes may exist yet."""
        self._shared = shared
        self._limits = limits
        self._files_kb = _sum(self._memory(), _FILES) // _KIB
        self._kills = self._oom_kills()
        self._sampled_kb = 0
        self._reaped_kb = 0
        self._runner_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._most_tasks = 0
        # Short programs are looked at sooner, or their peak would never be seen.
        self.tick_ms = _FIRST_TICK_MS

    def cpu_ms(self) -> float:
        """Return the CPU time of all but the runner, in milliseconds."""
        if not self._sampled_kb:
            self._sample()  # the shortest programs have ended before it is looked at again
        return self.before_ms()

    def before_ms(self) -> float:
        """Return the same; the memory of the copy of the runner doesn't count."""
        text = _read(self._shared.cpu)
        microseconds = _values(text).get(b"usage_usec")
        total = int(text) / 1e6 if microseconds is None else microseconds / 1e3
        return total - time.process_time() * 1e3

    def out_of_memory(self) -> bool:
        """Return whether the kernel killed for memory, or more than the limit is held."""
        self.tick_ms = min(self.tick_ms * 2, _TICK_MS)
        held = self._sample()
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
        copy's size as a peak: a figure no higher than it says nothing. The
        cgroup's figures come in steps, which the smallest programs don't reach.
        """
        if self._reaped_kb <= self._runner_kb:
            return max(self._sampled_kb, _LEAST_KB)
        return max(self._sampled_kb, self._reaped_kb)

    def reaped(self, usage: resource.struct_rusage) -> None:
        """Take note of a dead process's own peak."""
        self._reaped_kb = max(self._reaped_kb, usage.ru_maxrss)

    def _sample(self) -> int:
        """Return what the job's processes hold, its files in memory included, in KiB."""
        values = self._memory()
        everything = _sum(values, _PROCESSES) + _sum(values, _FILES)
        held = everything // _KIB - self._files_kb - _own_kb(_read(self._shared.own))
        self._sampled_kb = max(self._sampled_kb, min(held, self._limits.memory_kb))
        return held

    def _memory(self) -> dict[bytes, int]:
        return _values(_read(self._shared.memory))

    def _oom_kills(self) -> int:
        return _values(_read(self._shared.oom)).get(b"oom_kill", 0)


def _read(fd: int) -> bytes:
    return os.pread(fd, 16384, 0)


def _sum(values: dict[bytes, int], keys: tuple[bytes, ...]) -> int:
    return sum(values.get(key, 0) for key in keys)


def _own_kb(status: bytes) -> int:
    """Return the memory that the runner doesn't share with files, in KiB."""
    _, _, rest = status.partition(b"RssAnon:")
    return int(rest.split(maxsplit=1)[0]) if rest else 0


def _values(text: bytes) -> dict[bytes, int]:
    """Return the lines `name value` of a cgroup's file."""
    pairs = (line.split() for line in text.splitlines() if b" " in line)
    return {pair[0]: int(pair[1]) for pair in pairs}
