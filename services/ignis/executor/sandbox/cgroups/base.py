"""Makes the folder below which all steps' cgroups of one fork server live, and removes it."""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH102, PTH106, PTH112, PTH123, PTH208

import os
import time
from typing import NamedTuple

from ignis.executor.sandbox.cgroups import find, unified

_PREFIX = "ignis-"
_REMOVE_SECONDS = 2.0


class Base(NamedTuple):
    """The version, and one folder per V1_CONTROLLERS, or the one folder of v2."""

    version: int
    folders: tuple[str, ...]


class NoCgroupError(Exception):
    """No cgroup can be written here; the text says why."""


def make_base(token: str, movable: tuple[int, ...]) -> Base:
    """Make the base below this process's own cgroups; raises NoCgroupError.

    `movable` are Ignis's own processes, which may be moved into a leaf: v2
    wants that before a cgroup may have children with controllers.
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
        return _make(2, [unified.prepare(*v2, movable)], token)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        message = f"cgroups can't be written: {where}{error.strerror}"
        raise NoCgroupError(message) from error
    except unified.NotUsableError as error:
        message = f"cgroups can't be written: {error}"
        raise NoCgroupError(message) from error


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
            unified.write_controllers(folders[0])
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


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
