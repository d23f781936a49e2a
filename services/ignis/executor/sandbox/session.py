"""The executor's side of one job: hands it to a runner, and takes the outcome back."""

import asyncio
import socket
from contextlib import suppress
from typing import Protocol

from ignis.executor.live import Live
from ignis.executor.models import Outcome, Program, Stage, Step
from ignis.executor.runner import codec, frames
from ignis.executor.runner.frames import Kind
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.heard import Heard

# What a runner may take on top of its steps' limits before it counts as broken.
_SPARE_SECONDS = 20.0
# What it may take to end a program that is cancelled, before it is killed itself.
_STOP_SECONDS = 0.08
_STAGES = {Kind.COMPILED: Stage.COMPILE, Kind.RAN: Stage.RUN}


class Channel(Protocol):
    """The way to a runner and back."""

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""

    async def exactly(self, size: int) -> bytes:
        """Return the next `size` bytes; raises EOFError when there are fewer."""

    def push(self, data: bytes) -> None:
        """Send a few bytes without waiting, or not at all."""


class SocketChannel:
    """A stream socket whose other end the runner has."""

    def __init__(self, socket: socket.socket) -> None:
        """Use `socket`, which becomes non-blocking; the caller closes it."""
        socket.setblocking(False)
        self._socket = socket
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""
        await self._loop.sock_sendall(self._socket, data)

    async def exactly(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = await self._loop.sock_recv_into(self._socket, view)
            if not count:
                raise EOFError("the channel was closed")
            view = view[count:]
        return bytes(data)

    def push(self, data: bytes) -> None:
        """Send a few bytes without waiting, or not at all."""
        with suppress(OSError):
            self._socket.send(data)


class Session:
    """Speaks with one runner, of any driver, about one program."""

    def __init__(self, channel: Channel, program: Program, live: Live) -> None:
        """Use `channel`, which the caller closes; output goes to `live`."""
        self.heard = Heard(program, live.on_output)
        self._channel = channel
        self._program = program
        self._handed_over = False
        self._stopped = False

    async def run(self) -> Outcome:
        """Return what the program did; raises SandboxError when the runner broke."""
        try:
            await self._hand_over()
            if self._stopped:
                self.stop()
            return await self._outcome()
        except (OSError, EOFError, frames.FrameError) as error:
            message = f"the runner ended without an outcome: {error!r}"
            raise SandboxError(message) from error

    async def _hand_over(self) -> None:
        program = frames.encode(Kind.PROGRAM, codec.encode_program(self._program))
        if self._program.artefact:
            with suppress(OSError):  # a runner that refused it says why
                await self._channel.send(frames.encode(Kind.ARTEFACT, self._program.artefact))
                await self._channel.send(program)
        else:
            await self._channel.send(program)
        self._handed_over = True

    def stop(self) -> None:
        """Ask the runner to end the program, and to report what it did."""
        self._stopped = True
        if self._handed_over:
            self._channel.push(frames.encode(Kind.STOP))

    async def _outcome(self) -> Outcome:
        artefact = b""
        while True:
            kind, length = frames.parse_header(await self._channel.exactly(frames.HEADER.size))
            payload = await self._channel.exactly(length)
            if kind is Kind.OUTPUT:
                self.heard.output(payload)
            elif kind is Kind.END:
                steps = self.heard.steps
                return Outcome(compile=steps.get(Stage.COMPILE), run=steps.get(Stage.RUN))
            elif kind is Kind.ARTEFACT:
                artefact = payload
            elif kind in _STAGES:
                self.heard.ended(_STAGES[kind], codec.decode_outcome(payload))
                if kind is Kind.COMPILED and self._program.kept:
                    self._program.kept(self.heard.steps[Stage.COMPILE], artefact)
            else:
                message = f"the sandbox broke: {payload.decode(errors='replace')}"
                raise SandboxError(message)


def steps_of(program: Program) -> list[Step]:
    """Return the steps of a program, in their order."""
    return [step for step in (program.compile, program.run) if step]


async def converse(session: Session, program: Program, live: Live) -> Outcome:
    """Return what a program did; raises SandboxError when the runner broke or is stuck."""
    limits = [step.limits for step in steps_of(program)]
    allowed = sum(one.wall_time_ms for one in limits) / 1e3 + _SPARE_SECONDS
    try:
        async with asyncio.timeout(allowed) as patience:

            def end() -> None:
                session.stop()
                if not patience.expired():
                    patience.reschedule(asyncio.get_running_loop().time() + _STOP_SECONDS)

            with live.ended_by(end):
                return await session.run()
    except TimeoutError as error:
        message = f"the runner did not answer within {allowed:.0f} s"
        raise SandboxError(message) from error
