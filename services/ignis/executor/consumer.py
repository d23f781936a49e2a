"""Jobs in: each is run, and its end is told, before its message is done."""

import asyncio
from typing import Protocol

from google.protobuf.message import DecodeError

from ignis.errors import Unavailable
from ignis.events import subjects
from ignis.events.consumer import Delivery, Subscription
from ignis.executor import codec
from ignis.executor.metrics import JobMetrics
from ignis.executor.models import Job, Report, Verdict
from ignis.executor.outputs import OutputEvents
from ignis.executor.service import Executor, NetworkRefused, ToolchainMissing
from ignis.server.logs import get_logger
from ignis.v1 import events_pb2

ACK_WAIT = 15.0  # seconds after which a dead executor's job is another's
TELL_TRIES = 10  # that JetStream may refuse an end before its job is run again

log = get_logger()


def subscription(pool: str, slots: int) -> Subscription:
    """The jobs of a pool, as many at once as there are slots."""
    return Subscription(
        stream=subjects.JOBS_STREAM,
        durable=subjects.pool_consumer(pool),
        subjects=(subjects.pool_jobs(pool),),
        workers=slots,
        ack_wait=ACK_WAIT,
    )


class Events(Protocol):
    """Where it is told what happens to a job."""

    async def publish_started(self, event: events_pb2.JobEvent) -> None:
        """Tell that it has started."""
        ...

    async def publish_output(self, event: events_pb2.JobEvent) -> None:
        """Tell what it printed, without patience."""
        ...

    async def publish_end(self, event: events_pb2.JobEvent) -> bool:
        """Tell how it ended; False when that was told before."""
        ...

    async def find_end(self, job_id: str) -> events_pb2.JobEvent | None:
        """What was told of its end."""
        ...


class JobConsumer:
    """Takes a job from the queue to its end."""

    def __init__(
        self,
        name: str,
        executor: Executor,
        events: Events,
        max_attempts: int,
        metrics: JobMetrics,
        tell_again: float = 1.0,
    ) -> None:
        self._name = name
        self._executor = executor
        self._events = events
        self._max_attempts = max_attempts
        self._metrics = metrics
        self._tell_again = tell_again  # seconds

    async def handle(self, delivery: Delivery) -> None:
        """Run one job; raising brings the message back, here or elsewhere."""
        try:
            job = codec.job(events_pb2.JobMessage.FromString(delivery.data))
        except (DecodeError, ValueError):
            log.error("dropping a job that can't be read", subject=delivery.subject)  # noqa: TRY400 - the bytes say nothing more
            return
        if delivery.attempt > 1 and await self._events.find_end(job.job_id) is not None:
            return  # only the acknowledgement was lost
        report = await self._report(job, delivery.attempt)
        told = await self._tell(codec.ended(job, self._name, delivery.attempt, report))
        self._metrics.ended(job, report)
        log.info(
            "job done",
            job_id=job.job_id,
            language=job.language,
            verdict=report.verdict,
            attempt=delivery.attempt,
            first_end=told,
        )

    async def _tell(self, event: events_pb2.JobEvent) -> bool:
        """Publish an end, with patience: to run the job again would cost more."""
        for _ in range(TELL_TRIES - 1):
            try:
                return await self._events.publish_end(event)
            except Unavailable as error:
                log.warning("an end can't be told yet", job_id=event.job_id, reason=error.reason)
                await asyncio.sleep(self._tell_again)
        return await self._events.publish_end(event)

    async def _report(self, job: Job, attempt: int) -> Report:
        if attempt > self._max_attempts:
            return Report(
                Verdict.INTERNAL_ERROR,
                f"Given up after {self._max_attempts} attempts that did not come to an end.",
            )
        await self._events.publish_started(codec.started(job, self._name, attempt))
        outputs = OutputEvents(self._events.publish_output, job, self._name, attempt)
        try:
            with self._metrics.running():
                report = await self._executor.execute(job, outputs.tell)
        except ToolchainMissing:
            wanted = f"{job.language} {job.language_version}".rstrip()
            return Report(Verdict.INTERNAL_ERROR, f"Executor {self._name} does not have {wanted}.")
        except NetworkRefused:
            return Report(
                Verdict.INTERNAL_ERROR,
                f"Executor {self._name} gives no program the network; its operator can allow it "
                "with SANDBOX_NETWORK.",
            )
        await outputs.told()
        return report
