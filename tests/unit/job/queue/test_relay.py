"""What is published and has not ended is looked after."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.job.factories import JOB_ID, ended
from tests.unit.job.memory import AWAY, Counts, Handed, MemoryStream
from tests.waiting import until

from ignis.job.models import Ended, Publication, Unended
from ignis.job.queue.relay import MAX_PUBLISHES, Patience, Relay

JOB = Unended(JOB_ID, "default", 1)
PATIENCE = Patience(relay_after=10, queue_timeout=90)


class Queue:
    """Jobs that are due."""

    def __init__(self) -> None:
        self.lost: list[Unended] = []
        self.late: list[Unended] = []
        self.ended = False
        self.sweeps = 0
        self.failure: Exception | None = None

    async def unchecked(self, after: float) -> list[Unended]:
        """Those that nobody looked after."""
        assert after == PATIENCE.relay_after
        return self.lost

    async def overdue(self, after: float) -> list[Unended]:
        """Those that nobody began with."""
        assert after in (PATIENCE.queue_timeout, 0.01)
        self.sweeps += 1
        if self.failure is not None:
            raise self.failure
        return self.late

    async def publish_again(self, job_id: str) -> Publication | None:
        """Once more."""
        return None if self.ended else Publication(job_id, "default", 2, b"payload", "request_1")


class Ends:
    """Remembers how jobs ended."""

    def __init__(self) -> None:
        self.applied: list[Ended] = []
        self.given_up: dict[str, str] = {}
        self.failures: dict[str, Exception] = {}

    async def apply(self, end: Ended) -> None:
        """Store an end."""
        self.applied.append(end)

    async def give_up(self, job_id: str, pool: str, message: str) -> None:
        """End a job."""
        assert pool == "default"
        if job_id in self.failures:
            raise self.failures[job_id]
        self.given_up[job_id] = message


class Room:
    """A relay on memory."""

    def __init__(self, patience: Patience = PATIENCE) -> None:
        self.queue, self.ends, self.stream = Queue(), Ends(), MemoryStream()
        self.handed, self.counts = Handed(), Counts()
        self.relay = Relay(self.queue, self.stream, self.ends, self.handed, patience, self.counts)


@pytest.fixture(name="room")
def room_fixture() -> Room:
    """A relay with one job that is due."""
    room = Room()
    room.queue.lost = [JOB]
    return room


async def test_a_job_that_jetstream_has_is_left_alone(room: Room) -> None:
    """A message that is in the stream will be delivered."""
    await room.stream.publish_job(Publication(JOB_ID, "default", 1, b"", ""))
    await room.relay.sweep()

    assert (room.handed.published, room.ends.applied) == ([], [])


async def test_an_end_that_was_missed_is_stored(room: Room) -> None:
    """A job whose end is in the stream has ended, and is not run again."""
    room.stream.ends[JOB_ID] = ended()
    await room.relay.sweep()

    assert ([], [ended()]) == (room.handed.published, room.ends.applied)


async def test_a_lost_job_is_published_again(room: Room) -> None:
    """A job that JetStream doesn't know is handed over once more, and counted."""
    await room.relay.sweep()

    assert [Publication(JOB_ID, "default", 2, b"payload", "request_1")] == room.handed.published
    assert room.counts.seen == {"republished": 1}


async def test_a_job_that_ended_meanwhile_is_not_published(room: Room) -> None:
    """When the row is gone there is nothing to hand over."""
    room.queue.ended = True
    await room.relay.sweep()

    assert (room.handed.published, room.counts.seen) == ([], {})


async def test_a_job_is_given_up_after_so_many_publishes(room: Room) -> None:
    """One publish below the bound is another try, the bound itself is the end."""
    room.queue.lost = [replace(JOB, publishes=MAX_PUBLISHES - 1)]
    await room.relay.sweep()
    assert (1, {}) == (len(room.handed.published), room.ends.given_up)
    room.queue.lost = [replace(JOB, publishes=MAX_PUBLISHES)]
    await room.relay.sweep()

    assert len(room.handed.published) == 1
    assert "handed to the executors 5 times" in room.ends.given_up[JOB_ID]


async def test_an_overdue_job_is_given_up(room: Room) -> None:
    """A job that nobody took ends, with the time that it had."""
    room.queue.lost, room.queue.late = [], [JOB]
    await room.relay.sweep()

    assert room.ends.given_up == {JOB_ID: "No executor took the job within 90 s."}


@pytest.mark.parametrize("failure", [AWAY, RuntimeError("a defect")])
async def test_one_job_in_trouble_holds_up_no_other(room: Room, failure: Exception) -> None:
    """A job that can't be given up is tried again later; those behind it have their turn."""
    room.queue.late = [replace(JOB, job_id="bad"), replace(JOB, job_id="good")]
    room.ends.failures["bad"] = failure
    await room.relay.sweep()

    assert list(room.ends.given_up) == ["good"]
    assert len(room.handed.published) == 1
    assert room.counts.seen["failed relay"] == (failure is not AWAY)


@pytest.mark.parametrize("failure", [AWAY, RuntimeError("a defect")])
async def test_it_sweeps_for_ever(failure: Exception) -> None:
    """A sweep that fails is followed by another, as often as jobs are to be looked after."""
    room = Room(Patience(relay_after=0.01, queue_timeout=0.01))
    room.queue.failure = failure
    task = asyncio.create_task(room.relay.run())
    await until(lambda: room.queue.sweeps >= 3)

    assert not task.done()
    task.cancel()
