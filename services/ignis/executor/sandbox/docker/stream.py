"""A container's stdin, stdout and stderr, over one hijacked connection to the engine."""

import asyncio
import ssl
import struct
from contextlib import suppress
from urllib.parse import urlsplit

from ignis.executor.runner import frames
from ignis.executor.runner.frames import Kind
from ignis.executor.sandbox.errors import SandboxError

_HEADER = struct.Struct("!BxxxI")  # of each piece of output: which stream, how long
_STDOUT = 1
_MOST_STDERR = 2048  # bytes that are kept, to say what went wrong
_MAX_HEAD = 16384
_UPGRADED = (101, 200)  # old engines hijack with 200


class Stream:
    """The channel to a runner in a container; `open` makes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak over a connection that is hijacked already."""
        self._reader = reader
        self._writer = writer
        self._piece = 0  # bytes that are left of the current piece of stdout
        self.stderr = b""

    @classmethod
    async def open(cls, host: str, target: str, context: ssl.SSLContext | None) -> "Stream":
        """Attach at `target` of the engine at `host`, a DOCKER_HOST."""
        url = urlsplit(host)
        if url.scheme == "unix":
            reader, writer = await asyncio.open_unix_connection(url.path)
        else:
            port = url.port or (2376 if context else 2375)
            reader, writer = await asyncio.open_connection(url.hostname, port, ssl=context)
        try:
            writer.write(
                f"POST {target} HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n"
                "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n".encode()
            )
            await _answered(reader)
        except BaseException:
            writer.close()
            raise
        return cls(reader, writer)

    @property
    def ended(self) -> bool:
        """Whether the container is known to have ended."""
        return self._reader.at_eof() or self._writer.is_closing()

    async def ready(self) -> None:
        """Wait until the runner waits for its job; raises SandboxError when it can't."""
        try:
            kind, length = frames.parse_header(await self.exactly(frames.HEADER.size))
            payload = await self.exactly(length)
        except (OSError, EOFError, frames.FrameError) as error:
            said = self.stderr.decode(errors="replace").strip()
            raise SandboxError(f"the runner did not start: {said or error!r}") from error
        if kind is not Kind.READY:
            raise SandboxError(f"the runner did not start: {payload.decode(errors='replace')}")

    async def send(self, data: bytes) -> None:
        """Send all of `data` to stdin."""
        self._writer.write(data)
        await self._writer.drain()

    def push(self, data: bytes) -> None:
        """Send a few bytes to stdin without waiting."""
        self._writer.write(data)

    async def exactly(self, size: int) -> bytes:
        """Return the next `size` bytes of stdout; raises EOFError when it ends."""
        parts = []
        while size:
            while not self._piece:
                await self._next_piece()
            count = min(size, self._piece)
            parts.append(await self._reader.readexactly(count))
            self._piece -= count
            size -= count
        return b"".join(parts)

    async def close(self) -> None:
        """Let go: a runner that waits ends by this."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _next_piece(self) -> None:
        kind, length = _HEADER.unpack(await self._reader.readexactly(_HEADER.size))
        if kind == _STDOUT:
            self._piece = length
            return
        self.stderr = (self.stderr + await self._reader.readexactly(length))[-_MOST_STDERR:]


async def _answered(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if status not in _UPGRADED:
        text = await reader.read(_MAX_HEAD)
        raise ValueError(f"status {status}: {text.decode(errors='replace').strip()}")
