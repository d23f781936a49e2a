"""Makes the folder below which all steps' cgroups of one fork server live, and removes it."""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH102, PTH106, PTH112, PTH119, PTH120, PTH123, PTH208

import os
import time
from contextlib import suppress
from typing import NamedTuple

from ignis.executor.sandbox.cgroups import find

_PREFIX = "ignis-"
_LEAF = "ignis-executor"
_REMOVE_SECONDS = 2.0


class Base(NamedTuple):
    """The version, and one folder per V1_CONTROLLERS, or the one folder of v2."""

    version: int
    folders: tuple[str, ...]


class NoCgroupError(Exception):
    """No cgroup can be written here; the text says why."""


def make_base(token: str, movable: tuple[int, ...]) -> Base:
    """Make the base below this process's own cgroups; raises NoCgroupError.

    `movable` are the processes that may be moved into a leaf, which v2 wants
    before a cgroup may have children with controllers: Ignis's own.
    """
    mounts = find.parse_mounts(_read("/proc/self/mountinfo"))
    paths = find.parse_membership(_read("/proc/self/cgroup"))
    try:
        v1 = find.v1_folders(mounts, paths)
        if v1:
            return _make(1, v1, token)
        v2 = find.v2_folder(mounts, paths)
        if v2 is None:
            raise NoCgroupError("no cgroup file system with memory and pids is mounted")
        return _make(2, [delegate(v2, movable)], token)
    except OSError as error:
        message = f"cgroups can't be written: {error}"
        raise NoCgroupError(message) from error


def delegate(folder: str, movable: tuple[int, ...]) -> str:
    """Enable the controllers for children of a v2 `folder`, and return the folder to use."""
    if os.path.basename(folder) == _LEAF:
        folder = os.path.dirname(folder)  # an earlier fork server has moved us
    offered = _read(f"{folder}/cgroup.controllers").split()
    missing = [name for name in find.V2_CONTROLLERS if name not in offered]
    if missing:
        message = f"the cgroup {folder} isn't given the controllers {', '.join(missing)}"
        raise NoCgroupError(message)
    enabled = _read(f"{folder}/cgroup.subtree_control").split()
    if not set(find.V2_CONTROLLERS) <= set(enabled):
        leaf = f"{folder}/{_LEAF}"
        with suppress(FileExistsError):
            os.mkdir(leaf)
        for pid in movable:
            _write(f"{leaf}/cgroup.procs", str(pid))
        _write(f"{folder}/cgroup.subtree_control", _enable())
    return folder


def remove_base(base: Base) -> None:
    """Remove the base with all below it; its processes must have been killed."""
    deadline = time.monotonic() + _REMOVE_SECONDS
    for folder in base.folders:
        while os.path.isdir(folder) and not _remove_tree(folder) and time.monotonic() < deadline:
            time.sleep(0.01)


def sweep(parents: tuple[str, ...], own: str) -> None:
    """Remove what fork servers left that were killed together with their executor.

    A base has the pid of its executor in its name: those of living ones stay.
    """
    for parent in parents:
        for name in os.listdir(parent):
            pid = name.removeprefix(_PREFIX).partition("-")[0]
            is_base = name.startswith(_PREFIX) and pid.isdigit() and name != _PREFIX + own
            if is_base and not os.path.isdir(f"/proc/{pid}"):
                _remove_tree(f"{parent}/{name}")


def _make(version: int, parents: list[str], token: str) -> Base:
    sweep(tuple(parents), token)
    folders = tuple(f"{parent}/{_PREFIX}{token}" for parent in parents)
    base = Base(version, folders)
    try:
        for folder in folders:
            os.mkdir(folder)
        if version == 2:  # noqa: PLR2004 - the version's name
            _write(f"{folders[0]}/cgroup.subtree_control", _enable())
    except OSError:
        remove_base(base)
        raise
    return base


def _remove_tree(folder: str) -> bool:
    try:
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False) and not _remove_tree(entry.path):
                return False
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _enable() -> str:
    return " ".join(f"+{name}" for name in find.V2_CONTROLLERS)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
