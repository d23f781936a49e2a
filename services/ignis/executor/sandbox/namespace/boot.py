"""Starts a fork server: `python -I -S boot.py <fd> [fd]`, standard library and Ignis's own only."""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH100, PTH123

import errno
import gc
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

if __name__ == "__main__":
    # An isolated interpreter searches nothing but its standard library.
    sys.path.insert(0, os.path.abspath(__file__).rsplit("/ignis/", 1)[0])

from ignis.executor.runner import rlimits, spawn
from ignis.executor.sandbox.cgroups.base import Base, NoCgroupError, make_base, remove_base
from ignis.executor.sandbox.cgroups.steps import open_base
from ignis.executor.sandbox.namespace import (
    forkserver,
    keeper,
    linux,
    privileges,
    requests,
    seed,
    tree,
    uids,
)
from ignis.executor.sandbox.namespace.forkserver import Inherited
from ignis.executor.sandbox.namespace.requests import Config, Failure

_WATCHED = (signal.SIGCHLD, signal.SIGTERM)


def main(control: socket.socket, networks: socket.socket | None) -> None:
    """Stay outside with the cgroups, as the parent of the fork server, until it ends.

    `networks` is for the keeper of networks, where the operator allows any.
    """
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGTERM)
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)  # what the keeper leaves is waited for here
    os.umask(0o022)  # the tree is for everybody to read
    rlimits.apply(rlimits.NO_CORE_DUMPS)
    config = requests.decode_config(control.recv(requests.MAX_PACKET))
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    base: Base | None = None
    notes: tuple[str, ...] = ()
    try:
        base = make_base(config.token, movable=(os.getppid(), os.getpid()))
    except NoCgroupError as error:
        notes = (f"memory limits are weaker here: {error}",)
    try:
        pids = _fork_inside(control, networks, config, base, notes)
        control.close()
        if networks:
            networks.close()
        _wait(pids)
    except OSError as error:
        _fail(control, error)
    finally:
        if base:
            remove_base(base)


def _fork_inside(
    control: socket.socket,
    networks: socket.socket | None,
    config: Config,
    base: Base | None,
    notes: tuple[str, ...],
) -> tuple[int, ...]:
    """Fork the first process of a pid namespace of its own: when it dies, all within do.

    The keeper of networks is forked before it, and stays outside.
    """
    privileged = os.geteuid() == 0 and privileges.holds_sys_admin(_read("/proc/self/status"))
    places = config.places + (networks is not None)  # the keeper's ids are the last
    ids = uids.choose_base(_read("/proc/self/uid_map"), places) if privileged else None
    if privileged and ids is None:
        raise OSError(errno.EPERM, "too few ids", "/proc/self/uid_map")
    cgroups = open_base(base) if base else None
    if not privileged:
        _enter_user_namespace()
    keepers: tuple[int, ...] = ()
    if networks:
        own = uids.own_ids(config.places, ids) if ids is not None else None
        keepers = (keeper.fork(networks, own, bounded=base is None),)
    linux.unshare(linux.CLONE_NEWPID)
    pid = os.fork()
    if pid == 0:
        if networks:
            networks.close()
        _serve(config, Inherited(control.fileno(), ids, cgroups, notes), control)
    return pid, *keepers


def _enter_user_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"0 {uid} 1")
    _write("/proc/self/gid_map", f"0 {gid} 1")


def _serve(config: Config, inherited: Inherited, control: socket.socket) -> NoReturn:
    try:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
        os.setsid()
        # It needs no network, and has to come back to one that it has rights over.
        linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWNET)
        # /proc shows a process that may not be looked at as owned by root of the user
        # namespace that it was executed in: an ordinary user is that root, and the job too.
        if config.interpreter and inherited.base is not None:
            seed.become(config.interpreter, config.mounts, inherited, config.nameserver)
        tree.build(config.mounts, nameserver=config.nameserver)
        # A collection would write to the pages that all children share; nothing here needs one.
        gc.collect()
        gc.disable()
        gc.freeze()
        spawn.become(forkserver.run(inherited))
    except OSError as error:
        _fail(control, error)
    finally:
        os._exit(1)


def _wait(pids: tuple[int, ...]) -> None:
    """Wait for the fork server's or the keeper's end, and end all; so when the executor is gone."""
    ended: set[int] = set()
    while not ended:
        told = signal.sigwait(_WATCHED)
        ended = {pid for pid in pids if os.waitpid(pid, os.WNOHANG)[0]}
        if told == signal.SIGTERM:
            break
    for pid in set(pids) - ended:
        os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _fail(control: socket.socket, error: OSError) -> None:
    what = str(error.filename or error)
    control.send(requests.encode_failure(Failure(what, error.errno or 0)))


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    given = [socket.socket(fileno=int(number)) for number in sys.argv[1:]]
    main(given[0], given[1] if len(given) > 1 else None)
