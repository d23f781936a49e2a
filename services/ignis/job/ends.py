"""Where jobs end: each end is stored once, and who waits for it is told after that."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

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

    async def find_end(self, job_id: str) -> Ended | None:
        """How a job ended, if that was told and can be read."""
        ...

    async def forget_job(self, pool: str, job_id: str) -> None:
        """Take a job out of the queue."""
        ...


class Nudge(Protocol):
    """Who wants to know of free places."""

    def nudge(self, pool: str) -> None:
        """Say that a place is free."""
        ...


class Counts(Protocol):
    """What is counted."""

    def ended(self, ended: Ended) -> None:
        """Count a job that has ended."""
        ...


class Ends:
    """Stores ends as they come, by whichever way they come first."""

    def __init__(self, jobs: Jobs, stream: Stream, dispatcher: Nudge, counts: Counts) -> None:
        self._jobs = jobs
        self._stream = stream
        self._dispatcher = dispatcher
        self._counts = counts
        self._draining = False
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._storing: dict[str, asyncio.Task[None]] = {}

    @contextmanager
    def expect(self, job_id: str) -> Iterator["asyncio.Future[None]"]:
        """A future that is done when the job's end is stored, or when the service drains."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._draining:
            future.set_result(None)
        self._waiting.setdefault(job_id, set()).add(future)
        try:
            yield future
        finally:
            waiting = self._waiting[job_id]
            waiting.discard(future)
            if not waiting:
                del self._waiting[job_id]

    async def drain(self) -> None:
        """Let everybody who waits go: a job's state as it is beats an RPC that is cut."""
        self._draining = True
        for job_id in list(self._waiting):
            self._tell(job_id)

    def is_expected(self, job_id: str) -> bool:
        """Whether somebody waits for this job."""
        return job_id in self._waiting

    async def apply(self, ended: Ended) -> None:
        """Store an end, once at a time, and tell who waits."""
        task = self._storing.get(ended.job_id)
        if task is None:
            task = asyncio.create_task(self._store(ended))
            self._storing[ended.job_id] = task
            task.add_done_callback(lambda done: self._stored(ended.job_id, done))
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
        except Exception as error:  # noqa: BLE001 - whatever it was, there is another way
            log.warning("an end is left to the consumer", error=repr(error))

    async def give_up(self, job_id: str, pool: str, message: str) -> None:
        """End a job that no executor can end, unless it has ended.

        Where EVENTS has an end already, that one is stored.
        """
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
        if not await self._stream.publish_end(ended):
            ended = await self._stream.find_end(job_id) or ended
        await self.apply(ended)

    async def _store(self, ended: Ended) -> None:
        pool = await self._jobs.ended(ended)
        self._tell(ended.job_id)
        if pool is not None:
            self._counts.ended(ended)
            log.info("job ended", job_id=ended.job_id, verdict=ended.verdict)
            self._dispatcher.nudge(pool)

    def _tell(self, job_id: str) -> None:
        for future in self._waiting.get(job_id, ()):
            if not future.done():
                future.set_result(None)

    def _stored(self, job_id: str, task: "asyncio.Task[None]") -> None:
        del self._storing[job_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Those who still wait for the task raise it too; there may be none left.
            log.warning("an end could not be stored", job_id=job_id, error=repr(error))
