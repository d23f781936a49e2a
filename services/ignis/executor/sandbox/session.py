"""The executor's side of one job: hands it to a runner, and takes the outcome back."""

import asyncio
import socket
from contextlib import suppress
from typing import Protocol

from ignis.executor.models import Outcome, Program, Step, StepOutcome
from ignis.executor.runner import codec, frames
from ignis.executor.runner.frames import Kind
from ignis.executor.sandbox.errors import SandboxError

# What a runner may take on top of its steps' limits before it counts as broken.
_SPARE_SECONDS = 20.0


class Channel(Protocol):
    """The way to a runner and back."""

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""

    async def exactly(self, size: int) -> bytes:
        """Return the next `size` bytes; raises EOFError when there are fewer."""


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


class Session:
    """Speaks with one runner, of any driver."""

    def __init__(self, channel: Channel) -> None:
        """Use `channel`; the caller closes it."""
        self._channel = channel
        self.steps: dict[Kind, StepOutcome] = {}  # what has come back so far

    async def run(self, program: Program) -> Outcome:
        """Return what the program did; raises SandboxError when the runner broke."""
        try:
            await self._send(program)
            return await self._outcome(program)
        except (OSError, EOFError, frames.FrameError) as error:
            message = f"the runner ended without an outcome: {error!r}"
            raise SandboxError(message) from error

    async def _send(self, program: Program) -> None:
        payload = codec.encode_program(program)
        if program.artefact:
            with suppress(OSError):  # a runner that refused it says why
                await self._channel.send(frames.encode(Kind.ARTEFACT, program.artefact))
                await self._channel.send(frames.encode(Kind.PROGRAM, payload))
            return
        await self._channel.send(frames.encode(Kind.PROGRAM, payload))

    async def _outcome(self, program: Program) -> Outcome:
        artefact = b""
        while True:
            kind, length = frames.parse_header(await self._channel.exactly(frames.HEADER.size))
            payload = await self._channel.exactly(length)
            if kind is Kind.END:
                return Outcome(compile=self.steps.get(Kind.COMPILED), run=self.steps.get(Kind.RAN))
            if kind is Kind.BROKEN:
                message = f"the sandbox broke: {payload.decode(errors='replace')}"
                raise SandboxError(message)
            if kind is Kind.ARTEFACT:
                artefact = payload
                continue
            self.steps[kind] = codec.decode_outcome(payload)
            if kind is Kind.COMPILED and program.kept:
                program.kept(self.steps[kind], artefact)


def steps_of(program: Program) -> list[Step]:
    """Return the steps of a program, in their order."""
    return [step for step in (program.compile, program.run) if step]


async def converse(session: Session, program: Program) -> Outcome:
    """Return what a program did; raises SandboxError when the runner broke or is stuck."""
    limits = [step.limits for step in steps_of(program)]
    allowed = sum(one.wall_time_ms for one in limits) / 1e3 + _SPARE_SECONDS
    try:
        async with asyncio.timeout(allowed):
            return await session.run(program)
    except TimeoutError as error:
        message = f"the runner did not answer within {allowed:.0f} s"
        raise SandboxError(message) from error
