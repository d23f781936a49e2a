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

    async def spawn(self, command: Command) -> Process:
        """Start a command; `stop` will stop it, also when its start is still under way."""
        process = await Process.spawn(command, self.logs)
        self._processes.append(process)
        self.records.add(command.name, process.pid, command.stop)
        return process

    async def end(self, process: Process) -> None:
        """Stop one process and forget it."""
        if not await process.stop(self.hurry) and not self.hurry.is_set():
            self._say(
                f"{process.command.name} did not stop within "
                f"{process.command.patience:.0f} s and was killed (see {process.log})"
            )
        self._processes.remove(process)
        self.records.remove(process.command.name)

    async def death(self, tiers: frozenset[Tier] = frozenset(Tier)) -> StackError:
        """Wait until a process of these tiers ends by itself; return what to tell about it."""
        watched = {p.exited: p for p in self._processes if p.command.tier in tiers}
        done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        return watched[done.pop()].death()

    async def stop(self) -> None:
        """Stop everything: the gateway, then the services, then the servers."""
        ordered = sorted(self._processes, key=lambda p: p.command.tier, reverse=True)
        for _, tier in groupby(ordered, key=lambda p: p.command.tier):
            await asyncio.gather(*[self.end(process) for process in tier])
