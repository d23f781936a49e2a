"""Where jobs end: each end is stored once, and who waits for it is told after that."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from ignis.errors import IgnisError
from ignis.job.models import INTERNAL_ERROR, Ended, Job, Started, Status
from ignis.server.logs import get_logger

log = get_logger()


class Jobs(Protocol):
    """Where jobs are stored."""

    async def started(self, event: Started) -> None:
        """Note that a job runs."""
        ...

    async def ended(self, event: Ended) -> str | None:
        """Note how a job ended; returns the pool in which a place is free now."""
        ...

    async def find(self, job_id: str) -> Job | None:
        """Read a job, whoever owns it."""
        ...


class Stream(Protocol):
    """Where ends are told."""

    async def publish_end(self, ended: Ended) -> bool:
        """Tell an end; False when there is one already."""
        ...

    async def forget_job(self, pool: str, job_id: str) -> None:
        """Take a job out of the queue."""
        ...


class Nudge(Protocol):
    """Who wants to know of free places."""

    def nudge(self, pool: str) -> None:
        """Say that a place is free."""
        ...


class Ends:
    """Stores ends as they come, by whichever way they come first."""

    def __init__(self, jobs: Jobs, stream: Stream, dispatcher: Nudge) -> None:
        self._jobs = jobs
        self._stream = stream
        self._dispatcher = dispatcher
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._storing: dict[str, asyncio.Task[None]] = {}

    @contextmanager
    def expect(self, job_id: str) -> Iterator["asyncio.Future[None]"]:
        """A future that is done when the job's end is stored, seen by this replica."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(job_id, set()).add(future)
        try:
            yield future
        finally:
            waiting = self._waiting[job_id]
            waiting.discard(future)
            if not waiting:
                del self._waiting[job_id]

    def is_expected(self, job_id: str) -> bool:
        """Whether somebody waits for this job."""
        return job_id in self._waiting

    async def apply(self, ended: Ended) -> None:
        """Store an end, once at a time, and tell who waits."""
        task = self._storing.get(ended.job_id)
        if task is None:
            task = asyncio.create_task(self._store(ended))
            self._storing[ended.job_id] = task
            task.add_done_callback(lambda _: self._storing.pop(ended.job_id, None))
        # Whoever gives up waiting doesn't stop the others' storing.
        await asyncio.shield(task)

    async def begin(self, started: Started) -> None:
        """Note that a job runs."""
        await self._jobs.started(started)

    async def hurry(self, ended: Ended) -> None:
        """Store an end that somebody waits for, ahead of the durable consumer.

        If that fails, the durable consumer does it.
        """
        try:
            await self.apply(ended)
        except IgnisError as error:
            log.warning("an end is left to the consumer", reason=error.reason)

    async def give_up(self, job_id: str, pool: str, message: str) -> None:
        """End a job that no executor can end, unless it has ended."""
        job = await self._jobs.find(job_id)
        if job is None or job.status.ended:
            return
        log.warning("giving a job up", job_id=job_id, why=message)
        await self._stream.forget_job(pool, job_id)
        ended = Ended(
            job_id=job.job_id,
            owner=job.owner,
            language=job.language,
            labels=job.labels,
            status=Status.FAILED,
            verdict=INTERNAL_ERROR,
            message=message,
            created_at=job.created_at,
            finished_at=datetime.now(UTC),
        )
        if await self._stream.publish_end(ended):
            await self.apply(ended)

    async def _store(self, ended: Ended) -> None:
        pool = await self._jobs.ended(ended)
        for future in self._waiting.get(ended.job_id, ()):
            if not future.done():
                future.set_result(None)
        if pool is not None:
            log.info("job ended", job_id=ended.job_id, verdict=ended.verdict)
            self._dispatcher.nudge(pool)
