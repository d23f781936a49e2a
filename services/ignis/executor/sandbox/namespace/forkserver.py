"""The fork server: makes a sandbox per request, and clears away what has ended."""

import gc
import os
import select
import signal
import socket
import time
from typing import NamedTuple, NoReturn

from ignis.executor.runner.place import Group
from ignis.executor.sandbox.cgroups.steps import StepGroups, descriptors
from ignis.executor.sandbox.namespace import child, linux, requests, uids
from ignis.executor.sandbox.namespace.requests import Kind, Start

_NAMESPACES = (
    linux.CLONE_NEWUSER
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNS
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWCGROUP
)
_REMOVE_TRIES = 200
_REMOVE_PAUSE = 0.005


class Setting(NamedTuple):
    """What holds for all sandboxes of this server; `base` is the first of their host ids."""

    slots: int
    base: int | None
    groups: StepGroups | None
    seccomp: bytes
    hidden: tuple[str, ...]
    capabilities: int


class Living(NamedTuple):
    """One sandbox: its job, its first process, and the names of its cgroups."""

    job: int
    pid: int
    groups: tuple[str, ...]


def serve(control: socket.socket, setting: Setting) -> NoReturn:
    """Serve until the driver is gone; all sandboxes die with this process."""
    # A collection would write to the pages that all children share; nothing here needs one.
    gc.collect()
    gc.disable()
    gc.freeze()
    server = _Server(control, setting)
    while True:
        server.step()


class _Server:
    def __init__(self, control: socket.socket, setting: Setting) -> None:
        self._control = control
        self._setting = setting
        self._living: dict[int, Living] = {}  # by pidfd
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def step(self) -> None:
        """Wait for the driver or for the end of a sandbox, and do what that asks for."""
        for fd, _ in self._poll.poll():
            if fd == self._control.fileno():
                self._hear()
            elif fd in self._living:
                self._bury(fd)

    def _hear(self) -> None:
        packet, fds, _, _ = socket.recv_fds(self._control, requests.MAX_PACKET, 1)
        if not packet:
            os._exit(0)
        if packet[0] == Kind.START:
            start = requests.decode_start(packet)
            try:
                self._start(start, fds[0])
            except OSError as error:
                self._tell_end(start.job, f"the sandbox could not be made: {error}")
            finally:
                os.close(fds[0])
        else:
            self._kill(requests.decode_job(packet)[0])

    def _start(self, start: Start, channel: int) -> None:
        names = tuple(f"{start.job}-{index}" for index in range(len(start.groups)))
        if not self._setting.groups:
            names = ()
        opened: tuple[Group, ...] = ()
        try:
            if self._setting.groups:
                make = self._setting.groups.make
                limited = zip(names, start.groups, strict=True)
                opened = tuple(make(name, *group) for name, group in limited)
            making = child.Making(
                separate_ids=self._setting.base is not None,
                groups=opened,
                file_bytes=start.file_bytes,
                seccomp=self._setting.seccomp,
                hidden=self._setting.hidden,
                capabilities=self._setting.capabilities,
            )
            pid = self._fork(start.slot, channel, making)
        except OSError:
            self._remove(names)
            raise
        finally:
            for fd in descriptors(opened):
                os.close(fd)
        pidfd = os.pidfd_open(pid)
        self._living[pidfd] = Living(start.job, pid, names)
        self._poll.register(pidfd, select.POLLIN)

    def _fork(self, slot: int, channel: int, making: child.Making) -> int:
        reading, writing = os.pipe()
        try:
            pid = linux.clone(_NAMESPACES)
            if pid == 0:
                os.close(writing)
                child.become_runner(channel, reading, making)
            try:
                self._map_ids(pid, slot)
                os.write(writing, b"m")
            except OSError:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                raise
        finally:
            os.close(reading)
            os.close(writing)
        return pid

    def _map_ids(self, pid: int, slot: int) -> None:
        base = self._setting.base
        if base is None:
            ids = uids.shared_id(0)
            _write(f"/proc/{pid}/setgroups", "deny")
        else:
            ids = uids.own_ids(slot, base)
        _write(f"/proc/{pid}/uid_map", ids.lines)
        _write(f"/proc/{pid}/gid_map", ids.lines)

    def _kill(self, job: int) -> None:
        for living in self._living.values():
            if living.job == job:
                os.kill(living.pid, signal.SIGKILL)

    def _bury(self, pidfd: int) -> None:
        """The first process ended, and the kernel has ended all others of its namespace."""
        living = self._living.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        os.waitpid(living.pid, 0)
        left = self._remove(living.groups)
        self._tell_end(living.job, f"cgroups could not be removed: {left}" if left else "")

    def _remove(self, names: tuple[str, ...]) -> list[str]:
        groups = self._setting.groups
        if groups is None:
            return []
        left = [name for name in names if not groups.remove(name)]
        for _ in range(_REMOVE_TRIES):
            if not left:
                break
            time.sleep(_REMOVE_PAUSE)
            left = [name for name in left if not groups.remove(name)]
        return left

    def _tell_end(self, job: int, text: str) -> None:
        self._control.send(requests.encode_job(Kind.ENDED, job, text))


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
