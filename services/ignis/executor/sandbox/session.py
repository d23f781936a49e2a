"""The executor's side of one job: hands it to a runner, and takes the outcome back."""

import asyncio
import socket

from ignis.executor.models import Outcome, Program, StepOutcome
from ignis.executor.runner import codec, frames
from ignis.executor.runner.frames import Kind
from ignis.executor.sandbox.errors import SandboxError


class Session:
    """Speaks with one runner, of any driver, over a stream socket."""

    def __init__(self, channel: socket.socket) -> None:
        """Use `channel`, which becomes non-blocking; the caller closes it."""
        channel.setblocking(False)
        self._channel = channel
        self._loop = asyncio.get_running_loop()

    async def run(self, program: Program) -> Outcome:
        """Return what the program did; raises SandboxError when the runner broke."""
        try:
            payload = codec.encode_program(program)
            await self._loop.sock_sendall(self._channel, frames.encode(Kind.PROGRAM, payload))
            return await self._outcome()
        except (OSError, EOFError, frames.FrameError) as error:
            message = f"the runner ended without an outcome: {error!r}"
            raise SandboxError(message) from error

    async def _outcome(self) -> Outcome:
        steps: dict[Kind, StepOutcome] = {}
        while True:
            kind, length = frames.parse_header(await self._exactly(frames.HEADER.size))
            payload = await self._exactly(length)
            if kind is Kind.END:
                return Outcome(compile=steps.get(Kind.COMPILED), run=steps.get(Kind.RAN))
            if kind is Kind.BROKEN:
                message = f"the sandbox broke: {payload.decode(errors='replace')}"
                raise SandboxError(message)
            steps[kind] = codec.decode_outcome(payload)

    async def _exactly(self, size: int) -> bytes:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = await self._loop.sock_recv_into(self._channel, view)
            if not count:
                raise EOFError("the channel was closed")
            view = view[count:]
        return bytes(data)
