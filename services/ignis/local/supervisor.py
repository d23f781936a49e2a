"""Keeps the processes of the stack: starts them, sees them die, stops them in order."""

import asyncio
import shutil
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from ignis.local.errors import StackError
from ignis.local.files import private_folder
from ignis.local.leftovers import Records
from ignis.local.process import Command, Process, Tier


def _tier(process: Process) -> Tier:
    return process.command.tier


class Supervisor:
    """Every process of one stack.

    Args:
        folder: the data folder; logs go to `logs/`, process ids to `run/`.
        say: shows a line to the person at the terminal.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda _: None) -> None:
        if not shutil.which("setpriv"):
            raise StackError("setpriv is missing: apt-get install util-linux")
        self.logs = private_folder(folder / "logs")
        self.records = Records(private_folder(folder / "run"))
        self.hurry = asyncio.Event()
        self._say = say
        self._processes: list[Process] = []
        self._ending: set[Process] = set()
        self._deaths: asyncio.Queue[Process] = asyncio.Queue()

    async def spawn(self, command: Command) -> Process:
        """Start a command; `stop` will stop it, also when its start is still under way."""
        process = await Process.spawn(command, self.logs)
        self._processes.append(process)
        self.records.add(command.name, process.pid, command.stop)
        process.exited.add_done_callback(lambda _: self._ended(process))
        return process

    async def death(self) -> Process:
        """The next process that ended without being asked to."""
        return await self._deaths.get()

    async def end(self, process: Process) -> None:
        """Stop one process, where it still runs, and forget it."""
        self._ending.add(process)
        if not await process.stop(self.hurry) and not self.hurry.is_set():
            self._say(
                f"{process.command.name} did not stop within "
                f"{process.command.patience:.0f} s and was killed (see {process.log})"
            )
        # Only now: were this cut short, `stop` would have to find the process.
        self._processes.remove(process)
        self.records.remove(process.command.name)

    async def stop(self) -> None:
        """Stop everything: the gateway, then the services, then the servers."""
        ordered = sorted(self._processes, key=_tier, reverse=True)
        for _, tier in groupby(ordered, key=_tier):
            await asyncio.gather(*[self.end(process) for process in tier])

    def _ended(self, process: Process) -> None:
        if process not in self._ending:
            self._deaths.put_nowait(process)
