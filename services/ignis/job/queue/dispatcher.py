"""Hands jobs to JetStream as their turns come."""

import asyncio
from contextlib import suppress
from typing import Protocol

from ignis.errors import Unavailable
from ignis.job.models import Publication, Window
from ignis.job.rounds import Failures, survived
from ignis.server.logs import get_logger

TICK = 1.0  # seconds between two looks without a nudge: executors come and go

log = get_logger()


class Queue(Protocol):
    """The queue of record."""

    async def release(self, pool: str, window: Window) -> list[Publication]:
        """Take the jobs whose turn is now."""
        ...

    async def waiting_pools(self) -> list[str]:
        """The pools in which a job waits."""
        ...


class Stream(Protocol):
    """Where executors take jobs from."""

    async def publish_job(self, publication: Publication) -> None:
        """Queue a job."""
        ...


class Windows(Protocol):
    """How much a pool can take."""

    def window(self, pool: str) -> Window:
        """How many of its jobs may be published."""
        ...


class Dispatcher:
    """Releases jobs when a place is free, and at every tick."""

    def __init__(self, queue: Queue, stream: Stream, windows: Windows, failures: Failures) -> None:
        self._queue = queue
        self._stream = stream
        self._windows = windows
        self._failures = failures
        self._nudged: set[str] = set()
        self._wake = asyncio.Event()

    def nudge(self, pool: str) -> None:
        """Say that a place is free, or that a job waits for one."""
        self._nudged.add(pool)
        self._wake.set()

    async def run(self) -> None:
        """Release jobs for ever."""
        clock = asyncio.get_running_loop().time
        look = clock()
        while True:
            # However many nudges one pool gets, the others have their ticks.
            with suppress(TimeoutError):
                async with asyncio.timeout_at(look):
                    await self._wake.wait()
            self._wake.clear()
            with survived("dispatcher", self._failures):
                if clock() >= look:
                    look = clock() + TICK
                    self._nudged.update(await self._queue.waiting_pools())
                await self._release()

    async def publish(self, publication: Publication) -> None:
        """Hand over one job. If that fails, the relay does it later."""
        try:
            await self._stream.publish_job(publication)
        except Unavailable as error:
            log.warning("a job waits for the relay", job_id=publication.job_id, reason=error.reason)

    async def _release(self) -> None:
        pools = set(self._nudged)
        self._nudged.clear()
        for pool in pools:
            for publication in await self._queue.release(pool, self._windows.window(pool)):
                await self.publish(publication)
