"""Finds and ends what a killed run of the same data folder left behind."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_START_TIME = 18  # of the fields behind the state in /proc/<pid>/stat
_PATIENCE = 5.0  # seconds before SIGKILL
_POLL = 0.02  # seconds


class Records:
    """Remembers process ids in a folder, each with the moment its process started.

    The kernel uses ids again; id and start time together name one process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, pid: int, stop: signal.Signals) -> None:
        """Remember a process that was just started, and the signal that ends it."""
        self._path(name).write_text(json.dumps([pid, started(pid), stop]), encoding="ascii")

    def remove(self, name: str) -> None:
        """Forget a process that ended."""
        self._path(name).unlink(missing_ok=True)

    async def end_all(self) -> int:
        """End what is remembered and still runs; return how many those were."""
        alive = []
        for path in self._folder.glob("*.json"):
            with suppress(ValueError):
                pid, moment, stop = json.loads(path.read_text(encoding="ascii"))
                if moment is not None and started(pid) == moment:
                    alive.append((pid, signal.Signals(stop)))
            path.unlink()
        await asyncio.gather(*[end([pid], stop) for pid, stop in alive])
        return len(alive)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def started(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None for one that ended."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(fields[_START_TIME])


def working_in(folder: Path) -> list[int]:
    """The processes whose working directory is this folder."""
    home = folder.resolve()
    found = []
    for entry in _PROC.iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == home:
                found.append(int(entry.name))
    return found


async def end(pids: Sequence[int], stop: signal.Signals = signal.SIGTERM) -> None:
    """Ask processes to end, wait up to 5 s, then kill those that remain."""
    for kind in (stop, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, kind)
        deadline = time.monotonic() + _PATIENCE
        while any(started(pid) is not None for pid in pids):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(_POLL)
