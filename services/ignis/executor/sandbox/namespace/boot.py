"""Starts a fork server: `python -I -S boot.py <fd>`, standard library and Ignis's own code only."""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH100, PTH123

import errno
import gc
import os
import signal
import socket
import sys
from typing import NoReturn

if __name__ == "__main__":
    # An isolated interpreter searches nothing but its standard library.
    sys.path.insert(0, os.path.abspath(__file__).rsplit("/ignis/", 1)[0])

from ignis.executor.runner import rlimits, spawn
from ignis.executor.sandbox.cgroups.base import Base, NoCgroupError, make_base, remove_base
from ignis.executor.sandbox.cgroups.steps import open_base
from ignis.executor.sandbox.namespace import (
    forkserver,
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


def main(control: socket.socket) -> None:
    """Stay outside with the cgroups, as the parent of the fork server, until it ends."""
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGTERM)
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
        pid = _fork_inside(control, config, base, notes)
        control.close()
        _wait(pid)
    except OSError as error:
        _fail(control, error)
    finally:
        if base:
            remove_base(base)


def _fork_inside(
    control: socket.socket, config: Config, base: Base | None, notes: tuple[str, ...]
) -> int:
    """Fork the first process of a pid namespace of its own: when it dies, all within do."""
    privileged = os.geteuid() == 0 and privileges.holds_sys_admin(_read("/proc/self/status"))
    ids = uids.choose_base(_read("/proc/self/uid_map"), config.places) if privileged else None
    if privileged and ids is None:
        raise OSError(errno.EPERM, "too few ids", "/proc/self/uid_map")
    cgroups = open_base(base) if base else None
    if privileged:
        linux.unshare(linux.CLONE_NEWPID)
    else:
        _enter_user_namespace()
    pid = os.fork()
    if pid == 0:
        _serve(config, Inherited(control.fileno(), ids, cgroups, notes), control)
    return pid


def _enter_user_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWPID)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"0 {uid} 1")
    _write("/proc/self/gid_map", f"0 {gid} 1")


def _serve(config: Config, inherited: Inherited, control: socket.socket) -> NoReturn:
    try:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
        os.setsid()
        linux.unshare(linux.CLONE_NEWNS)
        # /proc shows a process that may not be looked at as owned by root of the user
        # namespace that it was executed in: an ordinary user is that root, and the job too.
        if config.interpreter and inherited.base is not None:
            seed.become(config.interpreter, config.mounts, inherited)
        tree.build(config.mounts)
        # A collection would write to the pages that all children share; nothing here needs one.
        gc.collect()
        gc.disable()
        gc.freeze()
        spawn.become(forkserver.run(inherited))
    except OSError as error:
        _fail(control, error)
    finally:
        os._exit(1)


def _wait(pid: int) -> None:
    """Wait for the fork server's end; end it when the executor is gone."""
    while True:
        if signal.sigwait(_WATCHED) == signal.SIGTERM:
            os.kill(pid, signal.SIGKILL)
        if os.waitpid(pid, os.WNOHANG)[0]:
            return


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
    main(socket.socket(fileno=int(sys.argv[1])))
