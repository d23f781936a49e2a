"""Meters of a step's processes: through a cgroup, or by looking at /proc."""

import os
import resource
from typing import Protocol

from ignis.executor.models import Limits
from ignis.executor.runner import processes, sockets
from ignis.executor.runner.container import ContainerMeter
from ignis.executor.runner.place import Group, Shared

_KIB = 1024
_CGROUP_TICK_MS = 50
_PROC_TICK_MS = 20


class Meter(Protocol):
    """What a step needs to know about the processes that it started."""

    tick_ms: int  # how often memory has to be looked at

    def before_ms(self) -> float:
        """Return the CPU time that was used before the step, in milliseconds."""

    def cpu_ms(self) -> float:
        """Return the CPU time of all processes so far, in milliseconds."""

    def out_of_memory(self) -> bool:
        """Return whether the memory limit was hit."""

    def fork_refused(self) -> bool:
        """Return whether the process limit was hit."""

    def peak_kb(self) -> int:
        """Return the peak memory of all processes together, in KiB."""

    def reaped(self, usage: resource.struct_rusage) -> None:
        """Take note of what a process had used when it ended."""


def meter_for(group: Group | None, limits: Limits, shared: Shared | None = None) -> Meter:
    """Return the best meter there is."""
    if group is not None:
        return SampledMeter(group) if group.sampled else CgroupMeter(group)
    if shared is not None:
        return ContainerMeter(shared, limits)
    return ProcMeter(limits)


class CgroupMeter:
    """Reads a cgroup, v1 or v2, through descriptors that the driver opened."""

    tick_ms = _CGROUP_TICK_MS

    def __init__(self, group: Group) -> None:
        """Read from `group`'s descriptors."""
        self._group = group

    def before_ms(self) -> float:
        """Return the same as `cpu_ms`."""
        return self.cpu_ms()

    def cpu_ms(self) -> float:
        """Return cpuacct.usage (v1, ns) or usage_usec of cpu.stat (v2)."""
        text = _read(self._group.cpu)
        microseconds = _value(text, b"usage_usec")
        return int(text) / 1e6 if microseconds is None else microseconds / 1e3

    def out_of_memory(self) -> bool:
        """Return whether the kernel killed a process of the cgroup for memory."""
        return bool(_value(_read(self._group.oom), b"oom_kill"))

    def fork_refused(self) -> bool:
        """Return whether a fork or a thread was refused."""
        return bool(_value(_read(self._group.pids), b"max"))

    def peak_kb(self) -> int:
        """Return the cgroup's high-water mark: memory, files in tmpfs, kernel objects."""
        return int(_read(self._group.peak)) // _KIB

    def reaped(self, usage: resource.struct_rusage) -> None:
        """Do nothing: the cgroup has counted it already."""


class SampledMeter(CgroupMeter):
    """The same where the kernel keeps no peak (v2 before Linux 5.19): it is looked at."""

    tick_ms = _PROC_TICK_MS

    def __init__(self, group: Group) -> None:
        """Read from `group`'s descriptors."""
        super().__init__(group)
        self._highest_kb = 0
        self._floor_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def out_of_memory(self) -> bool:
        """Return whether the kernel killed a process for memory; looks at what is held."""
        self._highest_kb = max(self._highest_kb, super().peak_kb())
        return super().out_of_memory()

    def peak_kb(self) -> int:
        """Return the highest sample, or a single process's own peak if that is higher."""
        return self._highest_kb

    def reaped(self, usage: resource.struct_rusage) -> None:
        """Take a dead process's peak, unless it is that of the runner that it was a copy of."""
        if usage.ru_maxrss > self._floor_kb:
            self._highest_kb = max(self._highest_kb, usage.ru_maxrss)


class ProcMeter:
    """Adds up /proc, where no cgroup can be written: late and less exact."""

    tick_ms = _PROC_TICK_MS

    def __init__(self, limits: Limits) -> None:
        """Measure against a step's `limits`."""
        self._limits = limits
        self._ended_ms = 0.0
        self._now_kb = 0
        self._sampled_kb = 0
        self._reaped_kb = 0
        self._most_tasks = 0
        self._floor_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def before_ms(self) -> float:
        """Return what the copy of the runner has used, whose memory doesn't count."""
        return processes.look().cpu_ms

    def cpu_ms(self) -> float:
        """Return what ended and living processes used; living ones in steps of 10 ms."""
        total = processes.look()
        self._most_tasks = max(self._most_tasks, total.tasks)
        self._now_kb = total.memory_kb
        self._sampled_kb = max(self._sampled_kb, min(total.memory_kb, self._limits.memory_kb))
        return self._ended_ms + total.cpu_ms

    def out_of_memory(self) -> bool:
        """Return whether all processes together held more than the limit, when last counted."""
        held = self._now_kb
        if held > self._limits.memory_kb:
            # Pages shared after a fork were counted once per process: look closer.
            held = processes.exact_memory_kb()
        self._sampled_kb = max(self._sampled_kb, held)
        return held + sockets.held_kb() > self._limits.memory_kb

    def fork_refused(self) -> bool:
        """Return whether as many tasks were seen as the limit allows."""
        return self._most_tasks >= self._limits.processes

    def peak_kb(self) -> int:
        """Return the highest sample, or a single process's own peak if that is higher.

        A process starts as a copy of the runner, and the kernel keeps that
        copy's size as a peak: a figure no higher than it says nothing.
        """
        reaped = self._reaped_kb
        if reaped <= self._floor_kb and self._sampled_kb:
            return self._sampled_kb
        return max(self._sampled_kb, reaped)

    def reaped(self, usage: resource.struct_rusage) -> None:
        """Add a dead process and what it had waited for itself."""
        self._ended_ms += (usage.ru_utime + usage.ru_stime) * 1e3
        self._reaped_kb = max(self._reaped_kb, usage.ru_maxrss)


def _read(fd: int) -> bytes:
    return os.pread(fd, 4096, 0)


def _value(text: bytes, key: bytes) -> int | None:
    for line in text.splitlines():
        name, _, value = line.partition(b" ")
        if name == key:
            return int(value)
    return None
