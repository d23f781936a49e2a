"""Makes one cgroup per step of a job below the base, and opens what the runner reads."""

import os
from contextlib import suppress
from typing import NamedTuple

from ignis.executor.runner.place import Group
from ignis.executor.sandbox.cgroups.base import Base

_KIB = 1024


class Version(NamedTuple):
    """What the files are called; numbers are indexes into a base's folders."""

    join: str
    memory: str
    swap: tuple[tuple[str, str], ...]  # written where the kernel has them
    peak: tuple[int, str]
    oom: tuple[int, str]
    pids: int
    cpu: tuple[int, str]


_VERSIONS = {
    1: Version(
        # A thread that moves itself waits for no lock that all forks of the machine
        # share, and a step joins with one thread: cgroup.procs took 10 ms at times.
        join="tasks",
        memory="memory.limit_in_bytes",
        swap=(("memory.memsw.limit_in_bytes", "{bytes}"),),
        peak=(0, "memory.max_usage_in_bytes"),
        oom=(0, "memory.oom_control"),
        pids=1,
        cpu=(2, "cpuacct.usage"),
    ),
    2: Version(
        join="cgroup.procs",
        memory="memory.max",
        # The whole step goes when one of its processes does.
        swap=(("memory.swap.max", "0"), ("memory.oom.group", "1")),
        peak=(0, "memory.peak"),
        oom=(0, "memory.events"),
        pids=0,
        cpu=(0, "cpu.stat"),
    ),
}


class StepGroups:
    """Makes and removes the groups of steps, through descriptors of the base's folders.

    The fork server leaves the host's file system; the descriptors stay.
    """

    def __init__(self, base: Base) -> None:
        """Open the base's folders."""
        self._names = _VERSIONS[base.version]
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        self._folders = [os.open(folder, flags) for folder in base.folders]

    def make(self, name: str, memory_kb: int, processes: int) -> Group:
        """Make the group `name` with its limits; returns it opened."""
        for folder in self._folders:
            os.mkdir(name, dir_fd=folder)
        size = memory_kb * _KIB
        self._write(0, f"{name}/{self._names.memory}", str(size))
        for file, value in self._names.swap:
            # Some kernels count no swap.
            with suppress(OSError):
                self._write(0, f"{name}/{file}", value.format(bytes=size))
        self._write(self._names.pids, f"{name}/pids.max", str(processes))
        return Group(
            join=tuple(
                self._open(index, f"{name}/{self._names.join}", os.O_WRONLY)
                for index in range(len(self._folders))
            ),
            cpu=self._open_reading(name, self._names.cpu),
            peak=self._open_reading(name, self._names.peak),
            oom=self._open_reading(name, self._names.oom),
            pids=self._open_reading(name, (self._names.pids, "pids.events")),
        )

    def remove(self, name: str) -> bool:
        """Remove the group `name`; returns whether it is gone from every folder."""
        gone = True
        for folder in self._folders:
            try:
                os.rmdir(name, dir_fd=folder)
            except FileNotFoundError:
                pass
            except OSError:
                gone = False
        return gone

    def _open_reading(self, name: str, where: tuple[int, str]) -> int:
        index, file = where
        return self._open(index, f"{name}/{file}", os.O_RDONLY)

    def _open(self, index: int, path: str, flags: int) -> int:
        return os.open(path, flags | os.O_CLOEXEC, dir_fd=self._folders[index])

    def _write(self, index: int, path: str, text: str) -> None:
        fd = self._open(index, path, os.O_WRONLY)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)


def descriptors(groups: tuple[Group, ...]) -> list[int]:
    """Return every descriptor that the groups hold."""
    return [
        fd for group in groups for fd in (*group.join, group.cpu, group.peak, group.oom, group.pids)
    ]
