"""Runs a stack until it is asked to stop, or until something in it dies."""

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ignis.local import parts as standard
from ignis.local.errors import ServerError, StackError
from ignis.local.lock import locked
from ignis.local.parts import Parts
from ignis.local.ports import Ports
from ignis.local.preflight import claim_port
from ignis.local.process import Tier
from ignis.local.settings import LocalSettings
from ignis.local.stack import Stack
from ignis.local.supervisor import Supervisor
from ignis.local.terminal import Terminal
from ignis.local.together import together
from ignis.local.watch import watch

_ECHO = 0.5  # seconds in which a second signal is the first one arriving by another way


def run(
    settings: LocalSettings,
    terminal: Terminal,
    *,
    watching: bool = False,
    find_parts: Callable[[], Parts] = standard.installed,
) -> int:
    """Run a stack in the foreground.

    Args:
        settings: the stack's.
        terminal: what shows progress.
        watching: restart services when their code changes.
        find_parts: finds what the stack is built of.

    Returns:
        The exit status: 0 when it was asked to stop, 1 when it could not go on.
    """
    folder = settings.ignis_data_dir
    try:
        parts = find_parts()
        with locked(folder), Ports() as ports:
            return asyncio.run(_App(settings, terminal, parts, ports, watching).run())
    except StackError as failure:
        terminal.complain(str(failure))
        return 1


def _signals() -> tuple[signal.Signals, ...]:
    """What asks the stack to stop; not a closed window, where `nohup` said to stay."""
    hangup = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    return (signal.SIGINT, signal.SIGTERM, *hangup)


@dataclass(slots=True)
class _App:
    settings: LocalSettings
    terminal: Terminal
    parts: Parts
    ports: Ports
    watching: bool
    _asked: float | None = None  # when the first signal came
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _signals: tuple[signal.Signals, ...] = field(default_factory=_signals)

    async def run(self) -> int:
        folder = self.settings.ignis_data_dir
        dev_file = folder / "dev.json"
        dev_file.unlink(missing_ok=True)
        supervisor = Supervisor(folder, self.terminal.say)
        self._listen_to_signals(supervisor)
        self.terminal.say(f"Starting Ignis ({self.settings.app_env.value}, data in {folder})")
        serving = asyncio.create_task(self._serve(supervisor))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
        except ServerError as failure:
            self.terminal.complain(f"{failure}; set that right, then run it again")
            return 1
        except StackError as failure:
            self.terminal.complain(str(failure))
            return 1
        else:
            return 0
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            dev_file.unlink(missing_ok=True)
            await supervisor.stop()
            self.terminal.say(f"Stopped. The data stays in {folder}")
            self._be_deaf()

    async def _serve(self, supervisor: Supervisor) -> None:
        """Start the stack and keep it; ends by failing or by being cancelled."""
        ended = await supervisor.records.end_all()
        if ended:
            self.terminal.say(f"Ended {ended} processes that a killed run had left behind")
        claim_port(self.ports, self.settings.port, str(self.settings.listen_host))
        stack = Stack(self.settings, self.parts, supervisor, self.ports, self.terminal)
        async with together() as group:
            group.create_task(self._mourn(supervisor))
            await stack.start()
            if self.watching:
                group.create_task(watch(stack, self.terminal, self.parts.package))

    async def _mourn(self, supervisor: Supervisor) -> None:
        """Fail when a process dies; while watching, a service's death is only told."""
        while True:
            process = await supervisor.death()
            if not (self.watching and process.command.tier is Tier.SERVICE):
                raise process.death()
            self.terminal.say(f"  {process.death()}; waiting for the next change")

    def _listen_to_signals(self, supervisor: Supervisor) -> None:
        """Stop at the first of these signals, and stop waiting at the second."""
        for kind in self._signals:
            asyncio.get_running_loop().add_signal_handler(kind, self._ask_to_stop, supervisor)

    def _be_deaf(self) -> None:
        """Let an impatient Ctrl-C not turn a clean end into a failure."""
        for kind in self._signals:
            asyncio.get_running_loop().remove_signal_handler(kind)
            signal.signal(kind, signal.SIG_IGN)

    def _ask_to_stop(self, supervisor: Supervisor) -> None:
        now = time.monotonic()
        if self._asked is None:
            self._asked = now
            self.terminal.say("Stopping; a second Ctrl-C stops at once")
            self._stop.set()
        elif now - self._asked > _ECHO:
            self.terminal.say("Stopping at once")
            supervisor.hurry.set()
