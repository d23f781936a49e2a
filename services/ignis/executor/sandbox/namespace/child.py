"""The first process of a sandbox: finishes its isolation, then becomes the runner."""

# PTH: system calls by their own names, and as few of them as there can be.
# S108: these folders are the sandbox's own.
# ruff: noqa: PTH101, PTH102, PTH112, PTH123, S108

import os
import socket
from typing import NamedTuple

from ignis.executor.runner import frames, main, reaper, spawn
from ignis.executor.runner.channel import Channel
from ignis.executor.runner.place import Place
from ignis.executor.runner.step import Prepared, joining
from ignis.executor.sandbox.cgroups.steps import Made, descriptors
from ignis.executor.sandbox.namespace import handover, linux, network, privileges
from ignis.executor.sandbox.namespace.handover import Handles
from ignis.executor.sandbox.namespace.uids import JOB_ID

_HOST_NAME = "ignis"
_OOM_SCORE = b"500"
_PROC_FLAGS = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC


class Making(NamedTuple):
    """What the fork server decided for this sandbox."""

    separate_ids: bool
    groups: tuple[Made, ...]
    seccomp: bytes
    hidden: tuple[str, ...]
    capabilities: int
    own_network: bool  # otherwise it is in one that was made for it, and finished


class Born(NamedTuple):
    """What a sandbox's first process starts with; `mapped` tells by a byte that its ids are."""

    channel: int
    mapped: int
    making: Making


def become_runner(born: Born) -> spawn.Waiting:
    """Wait for one job and run it.

    Returns in what is forked to become the program, never in the runner.
    """
    status = 1
    forked: spawn.Ahead | spawn.Waiting | None = None
    try:
        _volunteer()
        _keep_only(born.channel, born.mapped, born.making.groups)
        channel = socket.socket(fileno=born.channel)
        try:
            place, handles = _isolate(born.mapped, born.making)
            wake = reaper.wake_on_death()
            forked = spawn.fork(joining(place, 0))
            if isinstance(forked, spawn.Waiting):
                channel.detach()
                return forked
            handover.give(channel, handles)
            both_ways = Channel(born.channel, born.channel)
            main.serve(both_ways, place, Prepared(wake, forked))
            status = 0
        except BaseException as error:  # noqa: BLE001 - the executor hears of everything
            text = f"{type(error).__name__}: {error}"
            channel.sendall(frames.encode(frames.Kind.BROKEN, text.encode()))
    finally:
        if not isinstance(forked, spawn.Waiting):
            os._exit(status)
    raise AssertionError  # the runner has exited


def _volunteer() -> None:
    """Be killed before any service when the whole machine runs out of memory."""
    with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
        file.write(_OOM_SCORE)


def _keep_only(channel: int, mapped: int, groups: tuple[Made, ...]) -> None:
    """Close the fork server's descriptors, and put /dev/null where a program has its pipes."""
    kept = sorted({channel, mapped, *descriptors(groups)})
    low = 3
    for fd in kept:
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))
    null = os.open("/dev/null", os.O_RDWR)
    for target in range(3):
        os.dup2(null, target)
    os.close(null)


def _isolate(mapped_fd: int, making: Making) -> tuple[Place, Handles]:
    if os.read(mapped_fd, 1) != b"m":
        raise OSError("the ids of the sandbox were not mapped")
    os.close(mapped_fd)
    own_id = 0 if making.separate_ids else JOB_ID
    if making.separate_ids:
        os.setgroups([])
    os.setresgid(own_id, own_id, own_id)
    os.setresuid(own_id, own_id, own_id)
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    os.setsid()
    _mount(making)
    files = linux.pick("/tmp")
    socket.sethostname(_HOST_NAME)
    if making.own_network:
        network.loopback_up()
        if not making.groups:
            network.bound_buffers()
    privileges.drop(making.capabilities, keep_identity=making.separate_ids)
    linux.set_seccomp(making.seccomp)
    place = Place(
        uid=JOB_ID if making.separate_ids else None,
        groups=tuple(made.group for made in making.groups),
    )
    return place, Handles(files, tuple(made.limits for made in making.groups))


def _mount(making: Making) -> None:
    """Mount the job's own folders: one tmpfs behind all of them, so that one size holds."""
    options = ",".join(f"{key}={value}" for key, value in handover.tmpfs_options(0).items())
    flags = linux.MS_NOSUID | linux.MS_NODEV
    linux.mount("job", "/tmp", "tmpfs", flags, f"{options},mode=755")
    for name, target, mode in (
        ("box", "/box", 0o755),
        ("shm", "/dev/shm", 0o1777),
        ("tmp", "/tmp", 0o1777),
    ):
        source = f"/tmp/{name}"
        os.mkdir(source)
        os.chmod(source, mode)
        if name == "box":
            os.chown(source, JOB_ID, JOB_ID)
        linux.mount(source, target, flags=linux.MS_BIND)
    hide = ",hidepid=2,gid=0" if making.separate_ids else ""
    linux.mount("proc", "/proc", "proc", _PROC_FLAGS, hide.lstrip(","))
    if not making.own_network:
        # An ordinary user's job has the very id that a made network belongs to.
        linux.mount("/proc/sys", "/proc/sys", flags=linux.MS_BIND)
        linux.restrict("/proc/sys", linux.MOUNT_ATTR_RDONLY)
    for path in making.hidden:
        cover = "/var/empty" if os.path.isdir(path) else "/dev/null"
        linux.mount(cover, path, flags=linux.MS_BIND)
