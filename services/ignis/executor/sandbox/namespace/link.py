"""The driver's end of the conversation with one fork server."""

import asyncio
import itertools
import os
import secrets
import socket
import sys
from contextlib import suppress
from pathlib import Path

from ignis.executor.models import Interpreter, Mount
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.namespace import hints, requests
from ignis.executor.sandbox.namespace.requests import (
    Config,
    Failure,
    Kind,
    Ready,
    Start,
    Started,
)

_BOOT = Path(__file__).with_name("boot.py")
_START_SECONDS = 20.0
_CLOSE_SECONDS = 10.0


class Link:
    """One running fork server; when it dies, every sandbox of it has ended."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        """Speak to `process` through `control`; `launch` makes links."""
        self.ready = Ready(weak_memory_limits=False, notes=())
        self._process = process
        self._control = control
        self._numbers = itertools.count(1)
        self._ends: dict[int, asyncio.Future[str]] = {}
        self._sending = asyncio.Lock()
        self._kills: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Task[None] | None = None

    @classmethod
    async def launch(
        cls,
        places: int,
        mounts: tuple[Mount, ...],
        interpreter: Interpreter | None = None,
        networks: socket.socket | None = None,
        nameserver: str = "",
    ) -> "Link":
        """Start a fork server and wait until it works; raises SandboxError with what to do.

        It is `interpreter` where there is one, else the executor's own.
        `networks` is what a keeper of networks listens to; without it there is none.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            fds = tuple(one.fileno() for one in (theirs, networks) if one)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", "-X", "utf8", str(_BOOT), *map(str, fds)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=fds,
                env={},
                cwd="/",
                start_new_session=True,
            )
        link = cls(process, ours)
        try:
            await link._greet(_config(places, mounts, interpreter, nameserver))
        except BaseException:
            await link.close()
            raise
        return link

    @property
    def alive(self) -> bool:
        """Whether the fork server can still make sandboxes."""
        return self._listener is not None and not self._listener.done()

    async def start(
        self, channel: socket.socket, place: int, network: int | None = None
    ) -> tuple[int, "asyncio.Future[str]"]:
        """Ask for a sandbox that answers on `channel`, in the namespace `network` if there is one.

        Returns its number, and a future that is done when nothing of it is
        left; its text says what the sandbox itself did wrong, if anything.
        """
        if not self.alive:
            raise SandboxError("the fork server is gone")
        number = next(self._numbers)
        ended = asyncio.get_running_loop().create_future()
        self._ends[number] = ended
        packet = requests.encode_start(Start(number, place))
        try:
            fds = [channel.fileno()] if network is None else [channel.fileno(), network]
            await self._send(packet, fds)
        except BaseException:
            # Sent or not: a sandbox whose channel is closed ends by itself.
            self._ends.pop(number, None)
            raise
        return number, ended

    def kill(self, number: int) -> None:
        """End a sandbox now, with all its processes; one that has ended is no matter."""
        if number not in self._ends:
            return
        packet = requests.encode_number(Kind.KILL, number)
        try:
            self._control.send(packet)
        except BlockingIOError:
            task = asyncio.create_task(self._kill_later(packet))
            self._kills.add(task)
            task.add_done_callback(self._kills.discard)
        except OSError:
            pass  # the server is gone, and the sandbox with it

    async def _kill_later(self, packet: bytes) -> None:
        with suppress(SandboxError):
            await self._send(packet, [])

    async def close(self) -> None:
        """End the fork server with every sandbox, and wait until nothing is left."""
        if self._listener:
            for task in (self._listener, *self._kills):
                task.cancel()
            await asyncio.wait([self._listener, *self._kills])
        self._control.close()
        try:
            await asyncio.wait_for(self._process.wait(), _CLOSE_SECONDS)
        except TimeoutError:
            self._process.terminate()
            await self._process.wait()
        self._end_all("the sandbox was closed")

    async def _greet(self, config: Config) -> None:
        await self._send(requests.encode_config(config), [])
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
                    await writable(self._control)
                except OSError as error:
                    message = f"the fork server is gone: {error}"
                    raise SandboxError(message) from error
                else:
                    return

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while packet := await loop.sock_recv(self._control, requests.MAX_PACKET):
                number, text = requests.decode_number(packet)
                ended = self._ends.pop(number, None)
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


def _config(
    places: int, mounts: tuple[Mount, ...], interpreter: Interpreter | None, nameserver: str
) -> Config:
    started = None
    if interpreter:
        env = dict(interpreter.env)
        started = Started(interpreter.argv, env, interpreter.path, interpreter.version)
    return Config(
        places=places,
        mounts=tuple((str(mount.source), str(mount.target)) for mount in mounts),
        token=f"{os.getpid()}-{secrets.token_hex(4)}",
        interpreter=started,
        nameserver=nameserver,
    )


async def writable(control: socket.socket) -> None:
    """Wait until a socket takes more."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(control, ready.set_result, None)
    try:
        await ready
    finally:
        loop.remove_writer(control)
