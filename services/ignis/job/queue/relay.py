"""Looks after jobs that are published and have not ended.

Accepted means that it will end. JetStream may forget a message in a power
cut, a publish may fail, no executor may be able to read a message, and there
may be none for longer than anybody wants to wait: each is found here, by any
replica.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from ignis.job.models import Ended, Publication, Unended
from ignis.job.rounds import Failures, survived
from ignis.server.logs import get_logger

EVERY = 2.0  # seconds between two sweeps
MAX_PUBLISHES = 5  # a job that was lost that often is itself the reason

log = get_logger()


class Queue(Protocol):
    """The queue of record."""

    async def unchecked(self, after: float) -> list[Unended]:
        """Jobs that nobody looked after for that many seconds."""
        ...

    async def overdue(self, after: float) -> list[Unended]:
        """Jobs that no executor began with in that many seconds."""
        ...

    async def publish_again(self, job_id: str) -> Publication | None:
        """Mark a job published once more."""
        ...


class Stream(Protocol):
    """What JetStream knows of a job."""

    async def job_is_queued(self, pool: str, job_id: str) -> bool:
        """Whether its message is there."""
        ...

    async def find_end(self, job_id: str) -> Ended | None:
        """How it ended, if it has."""
        ...


class Ends(Protocol):
    """Where jobs end."""

    async def apply(self, ended: Ended) -> None:
        """Store an end."""
        ...

    async def give_up(self, job_id: str, pool: str, message: str) -> None:
        """End a job that no executor can end."""
        ...


class Counts(Failures, Protocol):
    """What is counted."""

    def republished(self) -> None:
        """Count a job that JetStream had lost."""
        ...


class Publish(Protocol):
    """What publishes."""

    async def publish(self, publication: Publication) -> None:
        """Hand a job to JetStream."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds."""

    relay_after: float  # until a published job is looked after
    queue_timeout: float  # until a job without an executor is given up


class Relay:
    """Publishes again what JetStream lost, and gives up what nobody takes."""

    def __init__(
        self,
        queue: Queue,
        stream: Stream,
        ends: Ends,
        publish: Publish,
        patience: Patience,
        counts: Counts,
    ) -> None:
        self._queue = queue
        self._stream = stream
        self._ends = ends
        self._publish = publish
        self._patience = patience
        self._counts = counts

    async def run(self) -> None:
        """Sweep for ever."""
        every = min(EVERY, self._patience.relay_after)
        while True:
            with survived("relay", self._counts):
                await self.sweep()
            await asyncio.sleep(every)

    async def sweep(self) -> None:
        """Look after everything that is due, once; a job that makes trouble holds up no other."""
        waited = f"No executor took the job within {self._patience.queue_timeout:g} s."
        for job in await self._queue.overdue(self._patience.queue_timeout):
            with survived("relay", self._counts):
                await self._ends.give_up(job.job_id, job.pool, waited)
        for job in await self._queue.unchecked(self._patience.relay_after):
            with survived("relay", self._counts):
                await self._look_after(job)

    async def _look_after(self, job: Unended) -> None:
        if await self._stream.job_is_queued(job.pool, job.job_id):
            return
        ended = await self._stream.find_end(job.job_id)
        if ended is not None:
            await self._ends.apply(ended)
            return
        if job.publishes >= MAX_PUBLISHES:
            lost = f"The job was handed to the executors {job.publishes} times, and lost each time."
            await self._ends.give_up(job.job_id, job.pool, lost)
            return
        publication = await self._queue.publish_again(job.job_id)
        if publication is not None:
            log.warning("publishing a job again", job_id=job.job_id, attempt=publication.attempt)
            self._counts.republished()
            await self._publish.publish(publication)
