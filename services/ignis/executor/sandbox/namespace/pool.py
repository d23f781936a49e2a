"""Keeps finished sandboxes waiting for jobs; each of them serves one."""

import asyncio
import logging
import socket
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from ignis.executor.runner.frames import FrameError
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.namespace import handover
from ignis.executor.sandbox.namespace.handover import Handles

_log = logging.getLogger(__name__)
_MAKE_SECONDS = 20.0
# Something that kills sandboxes while they wait must not keep a core busy.
_REPLACE_SECONDS = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A finished sandbox; `ended` is done, with what it did wrong, when nothing of it is left."""

    number: int
    channel: socket.socket
    handles: Handles
    ended: "asyncio.Future[str]"

    def waits(self) -> bool:
        """Return whether it still waits: one that died has closed its channel."""
        try:
            self.channel.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self.ended.done()
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Let go of it; a runner without a job ends then."""
        self.channel.close()
        handover.close(self.handles)


class Server(Protocol):
    """What makes sandboxes and ends them: a link to a fork server."""

    @property
    def alive(self) -> bool:
        """Whether it can still make sandboxes."""

    async def start(self, channel: socket.socket, place: int) -> tuple[int, "asyncio.Future[str]"]:
        """Ask for a sandbox; returns its number, and a future of its end."""

    def kill(self, number: int) -> None:
        """End a sandbox now."""


class Pool:
    """Keeps `size` sandboxes of one fork server finished or in the making.

    There are never more than there are `places`, counting those that run a job
    and those that are being removed: a place's ids are used by one at a time.
    """

    def __init__(self, link: Server, *, size: int, places: range) -> None:
        """Begin to make sandboxes; at most `size` may be waited for at once."""
        self.link = link
        self._size = size
        self._places: asyncio.LifoQueue[int] = asyncio.LifoQueue()
        for place in reversed(places):
            self._places.put_nowait(place)
        self._waiting: deque[Made] = deque()
        self._takers: deque[asyncio.Future[Made]] = deque()
        self._making: set[asyncio.Task[Made]] = set()
        self._closed = False
        self._fill()

    async def take(self) -> Made:
        """Return a sandbox that no job has used; the caller closes it.

        Raises SandboxError when none can be made.
        """
        while self._waiting:
            made = self._waiting.popleft()
            if made.waits():
                self._fill()
                return made
            made.close()
        self._fill()
        if not self._making:
            raise SandboxError("the fork server is gone")
        return await self._next()

    async def prove(self) -> None:
        """Wait until a sandbox waits; raises SandboxError when none can be made."""
        while not self._waiting:
            self._fill()
            if not self._making:
                raise SandboxError("the fork server is gone")
            done, _ = await asyncio.wait(self._making, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result()

    async def close(self) -> None:
        """End what waits, and make no more."""
        self._closed = True
        for task in self._making:
            task.cancel()
        if self._making:
            await asyncio.wait(self._making)
        while self._waiting:
            self._waiting.popleft().close()
        self._refuse_all()

    async def _next(self) -> Made:
        taker: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        self._takers.append(taker)
        try:
            return await taker
        except asyncio.CancelledError:
            if taker.done() and not taker.cancelled() and not taker.exception():
                self._keep(taker.result())
            raise

    def _fill(self) -> None:
        if self._closed or not self.link.alive:
            return
        while len(self._waiting) + len(self._making) < self._size:
            task = asyncio.create_task(self._make())
            self._making.add(task)
            task.add_done_callback(self._finished)

    async def _make(self) -> Made:
        place = await self._places.get()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                number, ended = await self.link.start(theirs, place)
        except BaseException:
            ours.close()
            self._places.put_nowait(place)
            raise
        ended.add_done_callback(lambda _: self._places.put_nowait(place))
        try:
            async with asyncio.timeout(_MAKE_SECONDS):
                handles = await _handles(ours)
        except BaseException as error:
            ours.close()
            self.link.kill(number)
            if isinstance(error, (OSError, FrameError, TimeoutError)):
                message = f"the sandbox could not be made: {await ended or error}"
                raise SandboxError(message) from error
            raise
        return Made(number, ours, handles, ended)

    def _finished(self, task: asyncio.Task[Made]) -> None:
        self._making.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            made = task.result()
            made.ended.add_done_callback(lambda _: self._lost(made))
            self._keep(made)
        elif taker := self._taker():
            taker.set_exception(error)
        elif self.link.alive and not self._closed:
            _log.warning("no sandbox waits: %s", error)

    def _keep(self, made: Made) -> None:
        """Give it to whoever waits longest, or let it wait."""
        if taker := self._taker():
            taker.set_result(made)
            self._fill()
        elif self._closed or len(self._waiting) >= self._size:
            made.close()  # one too many when a taker was cancelled
        else:
            self._waiting.append(made)

    def _taker(self) -> "asyncio.Future[Made] | None":
        while self._takers:
            taker = self._takers.popleft()
            if not taker.done():
                return taker
        return None

    def _lost(self, made: Made) -> None:
        """Replace a sandbox that ended while it waited."""
        if made in self._waiting:
            self._waiting.remove(made)
            made.close()
            asyncio.get_running_loop().call_later(_REPLACE_SECONDS, self._fill)

    def _refuse_all(self) -> None:
        while taker := self._taker():
            taker.set_exception(SandboxError("the sandbox is closed"))


async def _handles(channel: socket.socket) -> Handles:
    await readable(channel)
    return handover.take(channel)


async def readable(channel: socket.socket) -> None:
    """Wait until there is something to receive, or the end."""
    loop = asyncio.get_running_loop()
    something = asyncio.Event()
    loop.add_reader(channel, something.set)
    try:
        await something.wait()
    finally:
        loop.remove_reader(channel)
