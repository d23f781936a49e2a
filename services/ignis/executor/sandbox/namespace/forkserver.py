"""The fork server: makes sandboxes ahead of their jobs, and clears away what has ended."""

import gc
import os
import select
import signal
import socket
from collections.abc import Iterable
from typing import NamedTuple

from ignis.executor.runner import spawn
from ignis.executor.sandbox.cgroups.steps import Made, Opened, StepGroups, descriptors
from ignis.executor.sandbox.namespace import child, linux, privileges, requests, tree, uids
from ignis.executor.sandbox.namespace.child import Born
from ignis.executor.sandbox.namespace.requests import Kind, Ready, Start
from ignis.executor.sandbox.seccomp.policy import filter_for

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
_REMOVE_PAUSE_MS = 5
_STEPS = ("first", "second")  # a job that needs no compile step has no second one


class Inherited(NamedTuple):
    """What a server gets from whoever built its tree."""

    control: int  # the descriptor of the socket to the driver
    base: int | None  # the first of the sandboxes' host ids
    cgroups: Opened | None
    notes: tuple[str, ...]

    def descriptors(self) -> tuple[int, ...]:
        """Return every descriptor."""
        return (self.control, *(self.cgroups.folders if self.cgroups else ()))


class Setting(NamedTuple):
    """What holds for all sandboxes of this server.

    `base` is the first of their host ids, `home` a descriptor of the server's
    own network namespace.
    """

    base: int | None
    groups: StepGroups | None
    seccomp: bytes
    hidden: tuple[str, ...]
    capabilities: int
    home: int


class Living(NamedTuple):
    """One sandbox: its first process, and the names of its cgroups."""

    number: int
    pid: int
    groups: tuple[str, ...]


class Dead(NamedTuple):
    """A sandbox whose processes have ended, while the kernel holds on to its cgroups."""

    number: int
    groups: tuple[str, ...]
    tries: int


def run(inherited: Inherited) -> spawn.Waiting:
    """Serve until the driver is gone; all sandboxes die with this process.

    Returns in what is forked to become a program, with nothing of the server
    on its stack.
    """
    return child.become_runner(_serve(inherited))


def _serve(inherited: Inherited) -> Born:
    """Serve; returns in the first process of a sandbox."""
    control = socket.socket(fileno=inherited.control)
    groups = StepGroups(inherited.cgroups) if inherited.cgroups else None
    setting = Setting(
        base=inherited.base,
        groups=groups,
        seccomp=filter_for(linux.machine(), cgroup=groups is not None),
        hidden=tree.hidden_now(),
        capabilities=privileges.count(),
        home=os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC),
    )
    control.send(requests.encode_ready(Ready(groups is None, inherited.notes)))
    server = _Server(control, setting)
    while True:
        born = server.step()
        if born:
            control.detach()  # the number may soon be another descriptor's
            return born


class _Server:
    def __init__(self, control: socket.socket, setting: Setting) -> None:
        self._control = control
        self._setting = setting
        self._living: dict[int, Living] = {}  # by pidfd
        self._dead: list[Dead] = []
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def step(self) -> Born | None:
        """Wait for the driver or for the end of a sandbox, and do what that asks for.

        Returns Born in a sandbox's first process, and None in the server.
        """
        for fd, _ in self._poll.poll(_REMOVE_PAUSE_MS if self._dead else None):
            if fd == self._control.fileno():
                if born := self._hear():
                    return born
            elif fd in self._living:
                self._bury(fd)
        dead, self._dead = self._dead, []
        for one in dead:
            self._clear(one)
        gc.collect(0)  # what is left in cycles would be a program's to collect
        return None

    def _hear(self) -> Born | None:
        packet, fds, _, _ = socket.recv_fds(self._control, requests.MAX_PACKET, 2)
        if not packet:
            os._exit(0)
        if packet[0] == Kind.START:
            start = requests.decode_start(packet)
            try:
                if born := self._start(start, *fds):
                    return born
            except OSError as error:
                self._tell_end(start.number, f"the sandbox could not be made: {error}")
            _close(fds)
        else:
            self._kill(requests.decode_number(packet)[0])
        return None

    def _start(self, start: Start, channel: int, network: int | None = None) -> Born | None:
        names: tuple[str, ...] = ()
        made: tuple[Made, ...] = ()
        try:
            if self._setting.groups:
                names = tuple(f"{start.number}-{step}" for step in _STEPS)
                made = tuple(map(self._setting.groups.make, names))
            making = child.Making(
                separate_ids=self._setting.base is not None,
                groups=made,
                seccomp=self._setting.seccomp,
                hidden=self._setting.hidden,
                capabilities=self._setting.capabilities,
                own_network=network is None,
            )
            mapped = os.pipe()
            pid = self._fork(start.place, mapped, network)
        except OSError:
            _close(descriptors(made))
            self._remove(names)
            raise
        if pid == 0:
            os.close(mapped[1])
            return Born(channel, mapped[0], making)
        _close(descriptors(made))
        pidfd = os.pidfd_open(pid)
        self._living[pidfd] = Living(start.number, pid, names)
        self._poll.register(pidfd, select.POLLIN)
        return None

    def _fork(self, place: int, mapped: tuple[int, int], network: int | None) -> int:
        """Fork into new namespaces; tells the child through a pipe that its ids are mapped."""
        pid = -1
        try:
            pid = linux.clone(_NAMESPACES) if network is None else self._clone_in(network)
            if pid:
                self._map_ids(pid, place)
                os.write(mapped[1], b"m")
        except OSError:
            if pid > 0:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            _close(mapped)
            raise
        if pid:
            _close(mapped)
        return pid

    def _clone_in(self, network: int) -> int:
        """Clone into a network namespace that is there: the sandbox gets no rights over it."""
        linux.setns(network, linux.CLONE_NEWNET)
        pid = -1
        try:
            pid = linux.clone(_NAMESPACES & ~linux.CLONE_NEWNET)
        finally:
            if pid:
                linux.setns(self._setting.home, linux.CLONE_NEWNET)
        return pid

    def _map_ids(self, pid: int, place: int) -> None:
        base = self._setting.base
        if base is None:
            ids = uids.shared_id(0)
            _write(f"/proc/{pid}/setgroups", "deny")
        else:
            ids = uids.own_ids(place, base)
        _write(f"/proc/{pid}/uid_map", ids.lines)
        _write(f"/proc/{pid}/gid_map", ids.lines)

    def _kill(self, number: int) -> None:
        for living in self._living.values():
            if living.number == number:
                os.kill(living.pid, signal.SIGKILL)

    def _bury(self, pidfd: int) -> None:
        """The first process ended, and the kernel has ended all others of its namespace."""
        living = self._living.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        os.waitpid(living.pid, 0)
        self._clear(Dead(living.number, living.groups, _REMOVE_TRIES))

    def _clear(self, dead: Dead) -> None:
        """Remove what is left, now or when the kernel lets go of it."""
        left = self._remove(dead.groups)
        if left and dead.tries:
            self._dead.append(Dead(dead.number, left, dead.tries - 1))
            return
        self._tell_end(dead.number, f"cgroups could not be removed: {left}" if left else "")

    def _remove(self, names: tuple[str, ...]) -> tuple[str, ...]:
        groups = self._setting.groups
        return tuple(name for name in names if groups and not groups.remove(name))

    def _tell_end(self, number: int, text: str) -> None:
        self._control.send(requests.encode_number(Kind.ENDED, number, text))


def _close(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
