"""One process of the stack: started, waited for, stopped."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from ignis.local import logs
from ignis.local.errors import ServerError

_POLL = 0.02  # seconds between two looks at a condition


class Tier(IntEnum):
    """The order in which processes start; they stop in the reverse one."""

    SERVER = 0
    SERVICE = 1
    GATEWAY = 2


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, and how to end it."""

    name: str  # names the log as well
    argv: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    tier: Tier = Tier.SERVER
    prefix: Sequence[str] = ()  # what changes the user, for a server that refuses to run as root
    stop: signal.Signals = signal.SIGTERM
    hurry: signal.Signals = signal.SIGKILL
    patience: float = 10  # seconds between `stop` and SIGKILL


class Process:
    """A running command.

    It leads a process group and a session of its own, so that a Ctrl-C at the terminal reaches
    the supervisor alone, and the kernel sends it `stop` should the supervisor be killed.
    """

    def __init__(
        self, command: Command, child: asyncio.subprocess.Process, log: Path, log_start: int
    ) -> None:
        self.command = command
        self.log = log
        self._child = child
        self._log_start = log_start
        self.exited = asyncio.create_task(child.wait())

    @classmethod
    async def spawn(cls, command: Command, folder: Path) -> "Process":
        """Start a command whose output is appended to `<folder>/<name>.log`."""
        log = folder / f"{command.name}.log"
        logs.rotate(log)
        argv = (*command.prefix, "setpriv", "--pdeathsig", command.stop.name[3:], "--")
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            start = os.fstat(descriptor).st_size
            child = await asyncio.create_subprocess_exec(
                *argv,
                *command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                env=dict(command.env),
                cwd=command.cwd,
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        return cls(command, child, log, start)

    @property
    def pid(self) -> int:
        """The process id, as the outside sees it."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it hasn't ended yet."""
        return not self.exited.done()

    async def until(self, ready: Callable[[], Awaitable[bool]], patience: float = 60) -> None:
        """Wait for a condition.

        Raises:
            ServerError: when the process ends before, or the time (seconds) is over.
        """
        deadline = time.monotonic() + patience
        while not await ready():
            if not self.running:
                raise self.death()
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{self.command.name} did not get ready within {patience:.0f} s: "
                    f"{self._evidence()}"
                )
            await asyncio.wait([self.exited], timeout=_POLL)

    def death(self) -> ServerError:
        """What to tell about a process that ended by itself."""
        return ServerError(f"{self.command.name} ended with {self._status()}: {self._evidence()}")

    async def stop(self, hurry: asyncio.Event) -> bool:
        """End it, and whatever is left of its process group.

        Args:
            hurry: once set, there is no waiting any more.

        Returns:
            False when it had to be killed.
        """
        willing = await self._ask(self.command.stop, self.command.patience, hurry)
        if not willing and self.command.hurry is not signal.SIGKILL:
            willing = await self._ask(self.command.hurry, 2, asyncio.Event())
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        await self.exited
        return willing

    async def _ask(self, stop: signal.Signals, patience: float, hurry: asyncio.Event) -> bool:
        with suppress(ProcessLookupError):
            self._child.send_signal(stop)
        hurried = asyncio.create_task(hurry.wait())
        await asyncio.wait(
            [self.exited, hurried], timeout=patience, return_when=asyncio.FIRST_COMPLETED
        )
        hurried.cancel()
        return not self.running

    def _status(self) -> str:
        code = self.exited.result()
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    def _evidence(self) -> str:
        words = logs.last_words(self.log, self._log_start)
        said = f"“{words}” " if words else "it said nothing; "
        return f"{said}(all of it in {self.log})"
