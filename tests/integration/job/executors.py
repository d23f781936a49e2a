"""An executor without a sandbox: it announces itself, takes jobs and tells what it is told to."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from ignis.events import subjects
from ignis.events.connection import Nats
from ignis.events.consumer import Consumer, Delivery, Subscription
from ignis.events.executors import Announcer
from ignis.events.publisher import Publisher
from ignis.server.metrics import Metrics
from ignis.v1 import events_pb2, executor_pb2

ACK_WAIT = 3.0  # seconds; a dead executor's job comes back soon, a slow machine's does not


def ended(
    job: events_pb2.JobMessage, executor: str, attempt: int = 1, stdout: bytes = b"Hello\n"
) -> events_pb2.JobEvent:
    """The end of a job that went well."""
    event = events_pb2.JobEvent(
        job_id=job.job_id,
        owner=job.owner,
        language=job.spec.language,
        labels=job.labels,
        attempt=attempt,
        executor=executor,
        created_at=job.created_at,
        ended=events_pb2.JobEnded(
            status="completed",
            verdict="accepted",
            message="The program ended with exit code 0.",
            result=events_pb2.JobResult(
                stdout=stdout, exit_code=0, exec_duration_ms=1.5, cpu_time_ms=1, memory_kb=9000
            ),
        ),
    )
    event.occurred_at.GetCurrentTime()
    event.ended.started_at.GetCurrentTime()
    return event


class FakeExecutor:
    """Takes jobs from its pool, one by one and in their order, when `go` is set."""

    def __init__(self, connected: Nats, pool: str = "default", capacity: int = 2) -> None:
        self.name = f"fake-{secrets.token_hex(3)}"
        self.taken: list[events_pb2.JobMessage] = []
        self.attempts: list[int] = []
        self.go = asyncio.Event()
        self.go.set()
        self.publisher = Publisher(connected)
        self.act: Callable[[events_pb2.JobMessage, int], Awaitable[None]] = self.complete
        self._nats = connected
        self._pool = pool
        self._capacity = capacity

    async def complete(self, job: events_pb2.JobMessage, attempt: int) -> None:
        """Tell that the job started, and then that it went well."""
        started = ended(job, self.name, attempt)
        started.started.SetInParent()
        await self.publisher.publish_started(started)
        await self.go.wait()
        await self.publisher.publish_end(ended(job, self.name, attempt))

    async def handle(self, delivery: Delivery) -> None:
        """Take a job."""
        job = events_pb2.JobMessage.FromString(delivery.data)
        self.taken.append(job)
        self.attempts.append(delivery.attempt)
        await self.act(job, delivery.attempt)

    async def announce(self) -> None:
        """Say what this executor offers."""
        language = executor_pb2.InstalledLanguage(id="python", version="3.11.2", aliases=["py"])
        await Announcer(self._nats).announce(
            executor_pb2.Executor(
                id=self.name, pool=self._pool, capacity=self._capacity, languages=[language]
            )
        )

    @asynccontextmanager
    async def working(self) -> AsyncIterator["FakeExecutor"]:
        """Announce, and take jobs. At the end it dies: what it holds comes back later."""
        await self.announce()
        taking = Subscription(
            stream=subjects.JOBS_STREAM,
            durable=subjects.pool_consumer(self._pool),
            subjects=(subjects.pool_jobs(self._pool),),
            workers=1,
            ack_wait=ACK_WAIT,
        )
        consumer = Consumer(self._nats, taking, self.handle, Metrics("executor"))
        task = asyncio.create_task(consumer.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
