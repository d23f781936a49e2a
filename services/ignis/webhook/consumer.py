"""Reads the stream EVENTS, and has written down what must be sent."""

from datetime import UTC, datetime

from google.protobuf.message import DecodeError

from ignis.events import subjects
from ignis.events.consumer import Delivery, Subscription
from ignis.events.decoding import read_result
from ignis.server.ids import is_id
from ignis.server.logs import get_logger
from ignis.server.metrics import Metrics
from ignis.server.times import moment
from ignis.v1 import events_pb2
from ignis.webhook.models import EventType, JobEvent
from ignis.webhook.service import Deliveries

ENDS = {
    "completed": EventType.JOB_COMPLETED,
    "failed": EventType.JOB_FAILED,
    "cancelled": EventType.JOB_CANCELLED,
}

ACK_WAIT = 10.0  # seconds until what a killed replica had in hand is another's

log = get_logger()


def subscription(workers: int) -> Subscription:
    """What the webhook service reads; all its replicas share it."""
    return Subscription(
        stream=subjects.EVENTS_STREAM,
        durable=subjects.WEBHOOK_CONSUMER,
        subjects=(subjects.ALL_STARTS, subjects.ALL_ENDS),
        workers=workers,
        ack_wait=ACK_WAIT,
    )


class EventHandler:
    """Turns messages into events of the domain."""

    def __init__(self, deliveries: Deliveries, metrics: Metrics) -> None:
        self._deliveries = deliveries
        self._recorded = metrics.counter(
            "deliveries_recorded_total", "Deliveries written down, to be sent.", "event"
        )
        self._dropped = metrics.counter(
            "events_dropped_total", "Messages that could not be read, and were let go."
        )
        self._lag = metrics.histogram(
            "event_lag_seconds", "Time from an event until its deliveries were written down."
        )

    async def handle(self, delivery: Delivery) -> None:
        """Write down what a message means; one that can't be read is let go.

        It would be no better the next time, and would hold a worker each time.
        """
        if delivery.subject.rpartition(".")[2] not in {subjects.STARTED, subjects.END}:
            return  # what endpoints aren't told of
        try:
            event = _event(events_pb2.JobEvent.FromString(delivery.data))
        except (DecodeError, ValueError) as error:
            self._dropped.inc()
            log.error("an event could not be read", subject=delivery.subject, error=repr(error))  # noqa: TRY400 - the message is at fault, not the code
            return
        recorded = await self._deliveries.record(event)
        self._recorded.labels(event.type.value).inc(recorded)
        self._lag.observe(max((datetime.now(UTC) - event.occurred_at).total_seconds(), 0))


def _event(message: events_pb2.JobEvent) -> JobEvent:
    """Read a message.

    Raises:
        ValueError: something is missing that every event has, or makes no sense.
    """
    if not is_id(message.job_id) or not message.owner or "\0" in message.owner:
        raise ValueError("no job, or no owner")
    ended = message.ended if message.WhichOneof("kind") == "ended" else None
    return JobEvent(
        type=_type(message),
        job_id=message.job_id,
        owner=message.owner,
        language=message.language,
        labels=dict(message.labels),
        executor=message.executor,
        occurred_at=moment(message.occurred_at),
        created_at=moment(message.created_at),
        started_at=_started_at(ended),
        verdict=ended.verdict if ended else "",
        message=ended.message if ended else "",
        result=read_result(ended.result) if ended and ended.HasField("result") else None,
    )


def _type(message: events_pb2.JobEvent) -> EventType:
    kind = message.WhichOneof("kind")
    if kind == "started":
        return EventType.JOB_STARTED
    if kind == "ended" and message.ended.status in ENDS:
        return ENDS[message.ended.status]
    raise ValueError("no kind, or an end of no kind")


def _started_at(ended: events_pb2.JobEnded | None) -> datetime | None:
    if ended is None or not ended.HasField("started_at"):
        return None
    return moment(ended.started_at)
