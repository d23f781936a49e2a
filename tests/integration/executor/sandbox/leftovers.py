"""Looks for what a sandbox could have left on the host."""

import asyncio
import os
import time
from pathlib import Path

from ignis.executor.sandbox.cgroups import find

_PATIENCE_SECONDS = 5.0


def children(pid: int) -> set[int]:
    """Return all descendants of a process."""
    parents: dict[int, set[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), set()).add(int(stat.parent.name))
    found: set[int] = set()
    todo = [pid]
    while todo:
        fresh = parents.get(todo.pop(), set()) - found
        found |= fresh
        todo.extend(fresh)
    return found


def runners(owner: int) -> set[int]:
    """Return the first process of every sandbox, waiting or at work, of process `owner`."""
    depth = len(_pids_inside(os.getpid())) + 2  # its fork server's namespace, and its own
    found = set()
    for pid in children(owner):
        inside = _pids_inside(pid)
        if len(inside) == depth and inside[-1] == 1:
            found.add(pid)
    return found


def same_sandbox(pid: int) -> set[int]:
    """Return every process in the pid namespace of `pid`."""
    space = _pid_namespace(pid)
    others = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return {other for other in others if space and _pid_namespace(other) == space}


def parent(pid: int) -> int:
    """Return a process's parent, 0 for one that has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


async def until_settled(owner: int, waiting: int) -> None:
    """Wait until just so many sandboxes exist, and no cgroups but theirs."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while len(runners(owner)) != waiting or len(numbers(owner)) not in (0, waiting):  # noqa: ASYNC110 - not ours
            await asyncio.sleep(0.01)


def numbers(owner: int) -> set[str]:
    """Return the numbers of the sandboxes that have cgroups."""
    names = [Path(group).name for group in cgroups(owner)]
    return {name.partition("-")[0] for name in names if not name.startswith("ignis-")}


def cgroups(owner: int) -> set[str]:
    """Return the cgroups that sandboxes of process `owner` have made."""
    mounts = find.parse_mounts(Path("/proc/self/mountinfo").read_text())
    paths = find.parse_membership(Path("/proc/self/cgroup").read_text())
    folders = set(find.v1_folders(mounts, paths) or ())
    for folder in find.v2_folder(mounts, paths) or ():
        # Our own one, the one above when we were moved into a leaf of it, and the top.
        folders |= {folder, str(Path(folder).parent)}
    found = set()
    for folder in folders:
        for base in Path(folder).glob(f"ignis-{owner}-*"):
            found |= {str(path) for path in (base, *base.iterdir()) if path.is_dir()}
    return found


def mounts() -> set[str]:
    """Return the host's mounts, but those of a Docker engine, whose containers come and go."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return {line for line in lines if "/docker/" not in line}


def descriptors() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def until_gone(pids: set[int]) -> set[int]:
    """Wait until the processes have ended; returns those that haven't in good time."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (left := _existing(pids)) and time.monotonic() < deadline:  # noqa: ASYNC110 - not ours
        await asyncio.sleep(0.01)
    return left


def _pids_inside(pid: int) -> list[int]:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return []
    line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return [int(number) for number in line.split()[1:]]


def _pid_namespace(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""


def _existing(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}
