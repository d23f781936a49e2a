"""Messages of the stream EVENTS, as the webhook service reads them."""

from datetime import timedelta

import pytest
from tests.unit.webhook.factories import COMPLETED, JOB_ID, NOON

from ignis.events import subjects
from ignis.events.consumer import Delivery
from ignis.events.results import CompileResult
from ignis.server.metrics import Metrics
from ignis.v1 import events_pb2
from ignis.webhook.consumer import EventHandler, subscription
from ignis.webhook.models import EventType, JobEvent
from ignis.webhook.service import Deliveries


class Recorder:
    """A store that remembers what it was given."""

    def __init__(self) -> None:
        self.events: list[JobEvent] = []

    async def add(self, event: JobEvent, body: bytes) -> int:
        """Remember an event."""
        assert body.startswith(b"{")
        self.events.append(event)
        return 2

    async def forget(self, before: object, limit: int) -> int:
        """Nothing is forgotten here."""
        raise AssertionError(before, limit)


@pytest.fixture(name="recorder")
def recorder_fixture() -> Recorder:
    """An empty store."""
    return Recorder()


@pytest.fixture(name="metrics")
def metrics_fixture() -> Metrics:
    """New metrics."""
    return Metrics("webhook")


@pytest.fixture(name="handler")
def handler_fixture(recorder: Recorder, metrics: Metrics) -> EventHandler:
    """A handler on that store."""
    return EventHandler(Deliveries(recorder, timedelta(days=1)), metrics)


def ended(status: str = "completed") -> events_pb2.JobEvent:
    """The message that COMPLETED is made of."""
    message = events_pb2.JobEvent(
        job_id=JOB_ID,
        owner="user_1",
        language="python",
        labels={"course": "cs101"},
        attempt=1,
        executor="executor-1",
        ended=events_pb2.JobEnded(
            status=status,
            verdict="accepted",
            message="Exited with code 0",
            result=events_pb2.JobResult(
                stdout=b"Hello, World!\n",
                exit_code=0,
                exec_duration_ms=12.5,
                cpu_time_ms=10.0,
                memory_kb=9000,
            ),
        ),
    )
    message.created_at.FromDatetime(NOON)
    message.occurred_at.FromDatetime(NOON.replace(second=2))
    message.ended.started_at.FromDatetime(NOON.replace(second=1))
    return message


def end(data: bytes) -> Delivery:
    """A delivery of an end."""
    return Delivery(subjects.event(JOB_ID, subjects.END), data, 1)


async def test_an_end_is_read_in_full(
    handler: EventHandler, recorder: Recorder, metrics: Metrics
) -> None:
    """Every field of the message arrives in the domain, and is counted."""
    await handler.handle(end(ended().SerializeToString()))

    assert recorder.events == [COMPLETED]
    counted = b'ignis_webhook_deliveries_recorded_total{event="job.completed"} 2.0'
    assert counted in metrics.render()


@pytest.mark.parametrize(
    ("status", "kind"),
    [("failed", EventType.JOB_FAILED), ("cancelled", EventType.JOB_CANCELLED)],
)
async def test_an_end_has_its_kind(
    handler: EventHandler, recorder: Recorder, status: str, kind: EventType
) -> None:
    """The status of the end chooses the event."""
    await handler.handle(end(ended(status).SerializeToString()))

    assert [kind] == [event.type for event in recorder.events]


async def test_a_start_is_read(handler: EventHandler, recorder: Recorder) -> None:
    """A start has no result and no verdict."""
    message = ended()
    message.started.SetInParent()
    delivery = Delivery(subjects.event(JOB_ID, subjects.STARTED), message.SerializeToString(), 1)
    await handler.handle(delivery)

    [event] = recorder.events
    assert (event.type, event.result, event.verdict) == (EventType.JOB_STARTED, None, "")


async def test_what_is_absent_stays_absent(handler: EventHandler, recorder: Recorder) -> None:
    """No exit code is not exit code 0."""
    message = ended("failed")
    message.ended.ClearField("started_at")
    message.ended.result.ClearField("exit_code")
    message.ended.result.signal = 9
    message.ended.result.compile.stderr = b"warning"
    await handler.handle(end(message.SerializeToString()))

    [event] = recorder.events
    assert event.started_at is None
    assert event.result is not None
    assert (event.result.exit_code, event.result.signal) == (None, 9)
    assert CompileResult(b"", b"warning", None, 0.0) == event.result.compile


async def test_a_job_that_never_ran_has_no_result(
    handler: EventHandler, recorder: Recorder
) -> None:
    """An end without a result is no result of nothing."""
    message = ended("cancelled")
    message.ended.ClearField("result")
    await handler.handle(end(message.SerializeToString()))

    assert [event.result for event in recorder.events] == [None]


def broken(**fields: str) -> bytes:
    """A message with these fields instead."""
    message = ended()
    for name, value in fields.items():
        setattr(message, name, value)
    return message.SerializeToString()


def far_away() -> bytes:
    """A message from a year that no datetime knows."""
    message = ended()
    message.occurred_at.seconds = 10**12
    return message.SerializeToString()


@pytest.mark.parametrize(
    "data",
    [
        far_away(),
        b"\xff\xff\xff",
        b"",
        broken(job_id="x"),
        broken(owner=""),
        broken(owner="a\0b"),
        ended("exploded").SerializeToString(),
        events_pb2.JobEvent(job_id=JOB_ID, owner="user_1").SerializeToString(),
    ],
    ids=["year", "no protobuf", "empty", "job", "no owner", "NUL", "status", "no kind"],
)
async def test_a_poison_message_is_counted_and_let_go(
    handler: EventHandler, recorder: Recorder, metrics: Metrics, data: bytes
) -> None:
    """What can't be read is not tried again for ever: handling it raises nothing."""
    await handler.handle(end(data))

    assert recorder.events == []
    assert b"ignis_webhook_events_dropped_total 1.0" in metrics.render()


async def test_other_kinds_are_nobodys_news(
    handler: EventHandler, recorder: Recorder, metrics: Metrics
) -> None:
    """Kinds that endpoints aren't told of are no poison either."""
    await handler.handle(Delivery(subjects.event(JOB_ID, "output"), b"\xff", 1))

    assert recorder.events == []
    assert b"ignis_webhook_events_dropped_total 0.0" in metrics.render()


async def test_a_store_that_is_away_gets_the_message_again(metrics: Metrics) -> None:
    """A failure that may pass is raised, so that the stream tells the event again."""

    class Away(Recorder):
        async def add(self, event: JobEvent, body: bytes) -> int:
            raise ConnectionError(event.id, len(body))

    handler = EventHandler(Deliveries(Away(), timedelta(days=1)), metrics)
    with pytest.raises(ConnectionError):
        await handler.handle(end(ended().SerializeToString()))


def test_replicas_share_one_durable() -> None:
    """All replicas read EVENTS under one name that no other service uses."""
    taken = subscription(4)

    assert (
        taken.stream,
        taken.durable,
        taken.subjects,
        taken.workers,
    ) == ("EVENTS", "webhook", ("events.*.started", "events.*.end"), 4)
