"""Looks for what a sandbox could have left on the host."""

import asyncio
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


def cgroups(owner: int) -> set[str]:
    """Return the cgroups that sandboxes of process `owner` have made."""
    mounts = find.parse_mounts(Path("/proc/self/mountinfo").read_text())
    paths = find.parse_membership(Path("/proc/self/cgroup").read_text())
    folders = find.v1_folders(mounts, paths) or [find.v2_folder(mounts, paths) or "/nowhere"]
    found = set()
    for folder in folders:
        for base in Path(folder).glob(f"ignis-{owner}-*"):
            found |= {str(path) for path in (base, *base.iterdir()) if path.is_dir()}
    return found


def mounts() -> set[str]:
    """Return the host's mounts, but for those of a container engine that works beside us."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return {line for line in lines if "docker" not in line}


def descriptors() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def until_gone(pids: set[int]) -> set[int]:
    """Wait until the processes have ended; returns those that haven't in good time."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (left := _existing(pids)) and time.monotonic() < deadline:  # noqa: ASYNC110 - not ours
        await asyncio.sleep(0.01)
    return left


def _existing(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}
