"""The driver's end of the conversation with one fork server."""

import asyncio
import itertools
import os
import secrets
import socket
import sys
from contextlib import suppress
from pathlib import Path

from ignis.executor.models import Mount
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.namespace import hints, requests
from ignis.executor.sandbox.namespace.requests import Config, Failure, Group, Kind, Ready, Start

_BOOT = Path(__file__).with_name("boot.py")
_START_SECONDS = 20.0
_CLOSE_SECONDS = 10.0


class Link:
    """One running fork server; when it dies, every job of it has ended."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        """Speak to `process` through `control`; `launch` makes links."""
        self.ready = Ready(weak_memory_limits=False, notes=())
        self._process = process
        self._control = control
        self._jobs = itertools.count(1)
        self._ends: dict[int, asyncio.Future[str]] = {}
        self._sending = asyncio.Lock()
        self._listener: asyncio.Task[None] | None = None

    @classmethod
    async def launch(cls, slots: int, mounts: tuple[Mount, ...]) -> "Link":
        """Start a fork server and wait until it works; raises SandboxError with what to do."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", "-X", "utf8", str(_BOOT), str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={},
                cwd="/",
                start_new_session=True,
            )
        link = cls(process, ours)
        try:
            await link._greet(slots, mounts)
        except BaseException:
            await link.close()
            raise
        return link

    @property
    def alive(self) -> bool:
        """Whether the fork server can still take jobs."""
        return self._listener is not None and not self._listener.done()

    async def start(
        self, channel: socket.socket, slot: int, file_bytes: int, groups: tuple[Group, ...]
    ) -> tuple[int, "asyncio.Future[str]"]:
        """Ask for a sandbox that answers on `channel`.

        Returns the job's number, and a future that is done when nothing of it
        is left; its text says what the sandbox itself did wrong, if anything.
        """
        if not self.alive:
            raise SandboxError("the fork server is gone")
        job = next(self._jobs)
        ended = asyncio.get_running_loop().create_future()
        self._ends[job] = ended
        packet = requests.encode_start(Start(job, slot, file_bytes, groups))
        try:
            await self._send(packet, [channel.fileno()])
        except BaseException:
            # Sent or not: the server ends a job that it has, and ignores another.
            self._ends.pop(job, None)
            raise
        return job, ended

    async def kill(self, job: int) -> None:
        """End a job now, with all its processes."""
        with suppress(SandboxError):  # the server is gone, and the job with it
            await self._send(requests.encode_job(Kind.KILL, job), [])

    async def close(self) -> None:
        """End the fork server with every sandbox, and wait until nothing is left."""
        if self._listener:
            self._listener.cancel()
            await asyncio.wait([self._listener])
        self._control.close()
        try:
            await asyncio.wait_for(self._process.wait(), _CLOSE_SECONDS)
        except TimeoutError:
            self._process.terminate()
            await self._process.wait()
        self._end_all("the sandbox was closed")

    async def _greet(self, slots: int, mounts: tuple[Mount, ...]) -> None:
        pairs = tuple((str(mount.source), str(mount.target)) for mount in mounts)
        token = f"{os.getpid()}-{secrets.token_hex(4)}"
        await self._send(requests.encode_config(Config(slots, pairs, token)), [])
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_START_SECONDS):
                packet = await loop.sock_recv(self._control, requests.MAX_PACKET)
        except (TimeoutError, ConnectionError) as error:
            message = f"the fork server did not start: {error!r}"
            raise SandboxError(message) from error
        first = requests.decode_first(packet)
        if isinstance(first, Failure):
            raise SandboxError(hints.explain(first))
        self.ready = first
        self._listener = asyncio.create_task(self._listen())

    async def _send(self, packet: bytes, fds: list[int]) -> None:
        async with self._sending:
            while True:
                try:
                    socket.send_fds(self._control, [packet], fds)
                except BlockingIOError:
                    await _writable(self._control)
                except OSError as error:
                    message = f"the fork server is gone: {error}"
                    raise SandboxError(message) from error
                else:
                    return

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while packet := await loop.sock_recv(self._control, requests.MAX_PACKET):
                job, text = requests.decode_job(packet)
                ended = self._ends.pop(job, None)
                if ended and not ended.done():
                    ended.set_result(text)
        except ConnectionError:
            pass
        finally:
            self._end_all("the fork server died")

    def _end_all(self, text: str) -> None:
        for ended in self._ends.values():
            if not ended.done():
                ended.set_result(text)
        self._ends.clear()


async def _writable(control: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(control, ready.set_result, None)
    try:
        await ready
    finally:
        loop.remove_writer(control)
