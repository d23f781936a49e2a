"""Containers that wait for their one job."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from ignis.executor.sandbox.docker.stream import Stream
from ignis.executor.sandbox.errors import SandboxError

# Making a container takes more CPU than a short job: that goes first.
_GRACE_SECONDS = 0.1
# How long one more waits than before, after a job found none that was ready.
_MORE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Container:
    """A container whose runner waits."""

    id: str
    uid: int
    stream: Stream
    own: frozenset[str] | None = None  # the engine's host, as its filter knows it; None: no network


class Pool:
    """Keeps `least` containers waiting or being made, and up to `size` while they are needed.

    One that is taken is replaced when `fill` is called, or a moment later.
    """

    def __init__(
        self,
        size: int,
        make: Callable[[], Awaitable[Container]],
        discard: Callable[[Container], Awaitable[None]],
        least: int | None = None,
    ) -> None:
        """Make containers with `make`; `discard` gets those that nobody took.

        Without `least` there are always `size`.
        """
        self._size = size
        self._wanted = size if least is None else least
        self._make = make
        self._discard = discard
        self._waiting: deque[asyncio.Task[Container]] = deque()
        self._drained = False
        self._dropping: set[asyncio.Task[None]] = set()

    def fill(self) -> None:
        """Begin to make what is missing."""
        while not self._drained and len(self._waiting) < self._wanted:
            self._waiting.append(asyncio.create_task(self._made()))

    async def take(self) -> Container:
        """Return the container that has waited longest, or the next one that is made.

        Raises SandboxError when the engine makes none. One that failed or
        ended while nobody looked is no reason to fail a job now.
        """
        while True:
            task = self._next()
            was_done = task.done()
            if not was_done:
                self._grow()
            try:
                container = await asyncio.shield(task)
            except asyncio.CancelledError:
                self._waiting.appendleft(task)
                raise
            except SandboxError:
                if was_done:
                    continue
                raise
            if not container.stream.ended:
                return container
            await self._discard(container)

    async def drain(self) -> None:
        """Remove what waits; the pool stays empty from now on."""
        self._drained = True
        tasks, self._waiting = list(self._waiting), deque()
        for task in tasks:
            await self._drop(task)
        if self._dropping:
            await asyncio.wait(self._dropping)

    def _next(self) -> asyncio.Task[Container]:
        if not self._waiting:
            self.fill()
        if self._drained:
            raise SandboxError("the sandbox is closed")
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self.fill)
        return self._waiting.popleft()

    def _grow(self) -> None:
        """Keep one more from now on, for a while: a job has to wait."""
        if self._wanted < self._size:
            self._wanted += 1
            asyncio.get_running_loop().call_later(_MORE_SECONDS, self._shrink)

    def _shrink(self) -> None:
        self._wanted -= 1
        while len(self._waiting) > self._wanted:
            dropping = asyncio.create_task(self._drop(self._waiting.pop()))
            self._dropping.add(dropping)
            dropping.add_done_callback(self._dropping.discard)

    async def _drop(self, task: asyncio.Task[Container]) -> None:
        with suppress(SandboxError):
            await self._discard(await task)

    async def _made(self) -> Container:
        return await self._make()
