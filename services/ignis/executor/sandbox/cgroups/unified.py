"""Finds the folder of v2 below which cgroups with controllers can be made, and readies it.

A cgroup with processes in it can't give its children controllers (only the top of the
hierarchy can), so what is in ours moves into a leaf of it first, if that is ours to move.
"""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH102, PTH116, PTH119, PTH120, PTH123

import errno
import os
from collections.abc import Iterable
from contextlib import suppress

LEAF = "ignis-executor"
CONTROLLERS = ("memory", "pids")
# What systemd writes on a cgroup that it has given away (Delegate=yes).
_MARKS = ("trusted.delegate", "user.delegate")
_TRIES = 20  # a process may fork while it is being moved


class NotUsableError(Exception):
    """Cgroups can't be made here; the text says why."""


def prepare(own: str, top: str, ours: tuple[int, ...]) -> str:
    """Return the folder to make cgroups in, its controllers enabled.

    `own` is the folder of this process, `top` where the hierarchy is mounted,
    `ours` are Ignis's own processes, which may be moved anywhere. Root may use
    `top` where `own` is shared with strangers, such as a login's shell.
    Raises NotUsableError.
    """
    if os.path.basename(own) == LEAF:
        own = os.path.dirname(own)  # an earlier fork server has moved us
    try:
        _prepare_own(own, top, ours)
    except (OSError, NotUsableError) as error:
        if os.geteuid() != 0 or own == top:
            raise NotUsableError(_explain(own, error)) from error
        try:
            _enable(top)
        except (OSError, NotUsableError) as second:
            message = f"{_explain(own, error)}; {_explain(top, second)}"
            raise NotUsableError(message) from second
        return top
    return own


def _prepare_own(own: str, top: str, ours: tuple[int, ...]) -> None:
    try:
        _enable(own)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
    else:
        return
    if not set(_processes(own)) <= set(ours) and not _given(own, top):
        raise NotUsableError("processes that aren't Ignis's are in it, and it isn't delegated")
    leaf = f"{own}/{LEAF}"
    with suppress(FileExistsError):
        os.mkdir(leaf)
    for _ in range(_TRIES):
        _move(_processes(own), leaf)
        try:
            _enable(own)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
        else:
            return
    raise NotUsableError("its processes can't be moved into a cgroup below it")


def _given(own: str, top: str) -> bool:
    """Return whether everything in `own` is ours to order: a container, or a delegated cgroup."""
    if own == top:
        return True  # only a container's top can be busy
    if os.geteuid() != 0 and os.stat(own).st_uid == os.geteuid():
        return True
    for mark in _MARKS:
        with suppress(OSError):
            if os.getxattr(own, mark) == b"1":
                return True
    return False


def _enable(folder: str) -> None:
    """Give children of `folder` the controllers; OSError with EBUSY when processes are in it."""
    offered = _read(f"{folder}/cgroup.controllers").split()
    missing = [name for name in CONTROLLERS if name not in offered]
    if missing:
        message = f"it isn't given the controllers {' and '.join(missing)}"
        raise NotUsableError(message)
    control = f"{folder}/cgroup.subtree_control"
    if not set(CONTROLLERS) <= set(_read(control).split()):
        write_controllers(folder)


def write_controllers(folder: str) -> None:
    """Enable the controllers for children of `folder`; raises OSError."""
    _write(f"{folder}/cgroup.subtree_control", " ".join(f"+{name}" for name in CONTROLLERS))


def _processes(folder: str) -> list[int]:
    return [int(pid) for pid in _read(f"{folder}/cgroup.procs").split()]


def _move(pids: Iterable[int], leaf: str) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # it has ended
            _write(f"{leaf}/cgroup.procs", str(pid))


def _explain(folder: str, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or folder}: {error.strerror}"
    return f"{folder}: {error}"


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
