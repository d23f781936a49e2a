"""Makes cgroups for steps of jobs below the base, and opens what sets limits and what counts."""

import os
from contextlib import suppress
from typing import NamedTuple

from ignis.executor.runner.place import Group
from ignis.executor.sandbox.cgroups.base import Base

_KIB = 1024
# The process that will be the program holds some 300 KiB before it is told so: v1
# refuses a limit below that, v2 kills the process.
_LEAST_KB = 1024
# What TCP and UDP may hold in v1, which doesn't count it as memory.
SOCKET_BYTES = 64 * 1024 * 1024


class Version(NamedTuple):
    """What the files are called; numbers are indexes into a base's folders."""

    join: str
    ahead: bool  # whether a process can be in a group that gets less than it holds already
    memory: str
    swap: str  # where there is one: also limited to the bytes of the memory limit
    fixed: tuple[tuple[str, str], ...]  # written at once, where the kernel has them
    peak: tuple[int, str]
    current: tuple[int, str]  # for kernels without `peak`
    oom: tuple[int, str]
    pids: int
    cpu: tuple[int, str]


_VERSIONS = {
    1: Version(
        # A thread that moves itself waits for no lock that all forks of the machine
        # share, and a step joins with one thread: cgroup.procs took 10 ms at times.
        join="tasks",
        ahead=False,
        memory="memory.limit_in_bytes",
        swap="memory.memsw.limit_in_bytes",
        fixed=(("memory.kmem.tcp.limit_in_bytes", str(SOCKET_BYTES)),),
        peak=(0, "memory.max_usage_in_bytes"),
        current=(0, "memory.usage_in_bytes"),
        oom=(0, "memory.oom_control"),
        pids=1,
        cpu=(2, "cpuacct.usage"),
    ),
    2: Version(
        join="cgroup.procs",
        ahead=True,
        memory="memory.max",
        swap="",
        # The whole step goes when one of its processes does.
        fixed=(("memory.swap.max", "0"), ("memory.oom.group", "1")),
        peak=(0, "memory.peak"),  # since Linux 5.19
        current=(0, "memory.current"),
        oom=(0, "memory.events"),
        pids=0,
        cpu=(0, "cpu.stat"),
    ),
}


class Made(NamedTuple):
    """A group without limits: what the runner uses, and the files for `limit`."""

    group: Group
    limits: tuple[int, ...]  # memory, swap where it is counted, processes


class Opened(NamedTuple):
    """A base by the descriptors of its folders."""

    version: int
    folders: tuple[int, ...]


def open_base(base: Base) -> Opened:
    """Open the folders of a base."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    return Opened(base.version, tuple(os.open(folder, flags) for folder in base.folders))


class StepGroups:
    """Makes and removes the groups of steps, through descriptors of the base's folders.

    The fork server leaves the host's file system; the descriptors stay.
    """

    def __init__(self, opened: Opened) -> None:
        """Use the base's folders."""
        self._names = _VERSIONS[opened.version]
        self._folders = opened.folders

    def make(self, name: str) -> Made:
        """Make the group `name`; returns it opened."""
        for folder in self._folders:
            os.mkdir(name, dir_fd=folder)
        for file, value in self._names.fixed:
            # Some kernels count no swap, and some no sockets.
            with suppress(OSError):
                self._write(0, f"{name}/{file}", value)
        peak, sampled = self._open_peak(name)
        group = Group(
            join=tuple(
                self._open(index, f"{name}/{self._names.join}", os.O_WRONLY)
                for index in range(len(self._folders))
            ),
            cpu=self._open_reading(name, self._names.cpu),
            peak=peak,
            oom=self._open_reading(name, self._names.oom),
            pids=self._open_reading(name, (self._names.pids, "pids.events")),
            sampled=sampled,
            ahead=self._names.ahead,
        )
        return Made(group, self._open_limits(name))

    def _open_peak(self, name: str) -> tuple[int, bool]:
        try:
            return self._open_reading(name, self._names.peak), False
        except FileNotFoundError:
            return self._open_reading(name, self._names.current), True

    def _open_limits(self, name: str) -> tuple[int, ...]:
        files = [self._open(0, f"{name}/{self._names.memory}", os.O_WRONLY)]
        if self._names.swap:
            with suppress(FileNotFoundError):
                files.append(self._open(0, f"{name}/{self._names.swap}", os.O_WRONLY))
        files.append(self._open(self._names.pids, f"{name}/pids.max", os.O_WRONLY))
        return tuple(files)

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


def limit(files: tuple[int, ...], memory_kb: int, processes: int) -> None:
    """Write a step's limits into the files that `Made` names; once, before the step begins."""
    *sizes, tasks = files
    size = max(memory_kb, _LEAST_KB) * _KIB
    for file in sizes:
        os.write(file, str(size).encode())
    os.write(tasks, str(processes).encode())


def descriptors(made: tuple[Made, ...]) -> list[int]:
    """Return every descriptor that the groups hold."""
    return [
        fd
        for group, limits in made
        for fd in (*group.join, group.cpu, group.peak, group.oom, group.pids, *limits)
    ]
