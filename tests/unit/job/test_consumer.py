"""Events in: what is stored, dropped, and hurried with."""

import pytest
from tests.unit.job.factories import JOB, JOB_ID, ended
from tests.unit.job.memory import AWAY, Counts, Handed, MemoryJobs, MemoryStream
from tests.waiting import until

from ignis.errors import Unavailable
from ignis.events.consumer import Delivery
from ignis.events.results import Result
from ignis.job import codec
from ignis.job.consumer import EventConsumer
from ignis.job.ends import Ends
from ignis.job.models import Status
from ignis.v1 import events_pb2

END = codec.end_event(ended(result=Result())).SerializeToString()


@pytest.fixture(name="jobs")
def jobs_fixture() -> MemoryJobs:
    """One job that waits."""
    jobs = MemoryJobs()
    jobs.kept[JOB_ID] = JOB
    return jobs


@pytest.fixture(name="ends")
def ends_fixture(jobs: MemoryJobs) -> Ends:
    """Where ends are stored."""
    return Ends(jobs, MemoryStream(), Handed(), Counts())


@pytest.fixture(name="consumer")
def consumer_fixture(ends: Ends) -> EventConsumer:
    """What reads events."""
    return EventConsumer(ends)


def delivery(data: bytes) -> Delivery:
    """A message of the stream."""
    return Delivery(f"events.{JOB_ID}.x", data, 1)


async def test_starts_and_ends_are_stored(consumer: EventConsumer, jobs: MemoryJobs) -> None:
    """A start makes a job run, an end ends it."""
    started = events_pb2.JobEvent(job_id=JOB_ID)
    started.started.SetInParent()
    await consumer.handle(delivery(started.SerializeToString()))
    assert jobs.kept[JOB_ID].status is Status.RUNNING
    await consumer.handle(delivery(END))

    assert jobs.kept[JOB_ID].status.ended


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff",
        b"",
        events_pb2.JobEvent(job_id="x").SerializeToString(),
        events_pb2.JobEvent(job_id=JOB_ID).SerializeToString(),
    ],
)
async def test_what_cannot_be_read_is_dropped(
    consumer: EventConsumer, jobs: MemoryJobs, data: bytes
) -> None:
    """Rubbish is let go: it would be no better the next time."""
    await consumer.handle(delivery(data))
    await consumer.hear(data)

    assert jobs.kept[JOB_ID] == JOB


async def test_an_end_comes_again_when_it_could_not_be_stored(
    consumer: EventConsumer, jobs: MemoryJobs
) -> None:
    """While the database is away an event is refused, so that it is delivered again."""
    jobs.failure = AWAY
    with pytest.raises(Unavailable):
        await consumer.handle(delivery(END))
    jobs.failure = None
    await consumer.handle(delivery(END))

    assert jobs.kept[JOB_ID].status.ended


async def test_a_replica_hurries_only_for_those_who_wait(
    consumer: EventConsumer, ends: Ends, jobs: MemoryJobs
) -> None:
    """A broadcast end is stored ahead of the durable consumer where somebody waits for it."""
    await consumer.hear(END)
    assert jobs.stored == []
    with ends.expect(JOB_ID) as waiting:
        await consumer.hear(END)
        await until(waiting.done)

    assert len(jobs.stored) == 1
