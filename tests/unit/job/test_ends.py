"""Each end is stored once, and who waits for it is told after that."""

import asyncio

import pytest
from tests.unit.job.factories import JOB, JOB_ID, ended
from tests.unit.job.memory import AWAY, Counts, Handed, MemoryJobs, MemoryStream
from tests.waiting import until

from ignis.errors import Unavailable
from ignis.job.ends import Ends
from ignis.job.models import Started, Status

END = ended()
WHY = "Nobody took it."


class Room:
    """Ends on stores in memory, and one job."""

    def __init__(self) -> None:
        self.jobs, self.stream, self.handed = MemoryJobs(), MemoryStream(), Handed()
        self.counts = Counts()
        self.ends = Ends(self.jobs, self.stream, self.handed, self.counts)
        self.jobs.kept[JOB_ID] = JOB
        self.jobs.places[JOB_ID] = "default"


@pytest.fixture(name="room")
def room_fixture() -> Room:
    """A job that waits."""
    return Room()


async def test_an_end_is_stored_and_its_place_is_free(room: Room) -> None:
    """An end is stored and counted, and the pool that has a place now is named."""
    await room.ends.apply(END)

    assert room.jobs.kept[JOB_ID].status is Status.FAILED
    assert (["default"], {"ended runtime_error": 1}) == (room.handed.nudged, room.counts.seen)


async def test_an_end_that_was_stored_before_counts_no_more(room: Room) -> None:
    """A second end frees nothing and is not counted."""
    await room.ends.apply(END)
    await room.ends.apply(END)

    assert (["default"], 1) == (room.handed.nudged, room.counts.seen["ended runtime_error"])


async def test_an_end_that_comes_twice_at_once_is_stored_once(room: Room) -> None:
    """Two ways bring the same end; both come back when it is stored, by one write."""
    room.jobs.gate.clear()
    both = [asyncio.create_task(room.ends.apply(END)) for _ in range(2)]
    await until(lambda: bool(room.jobs.stored))
    room.jobs.gate.set()
    await asyncio.gather(*both)

    assert room.jobs.stored == [END]


async def test_waiters_are_told_after_it_is_stored(room: Room) -> None:
    """All that wait are told, but not before the row is there."""
    with room.ends.expect(JOB_ID) as one, room.ends.expect(JOB_ID) as other:
        room.jobs.gate.clear()
        storing = asyncio.create_task(room.ends.apply(END))
        await until(lambda: bool(room.jobs.stored))
        assert not one.done()
        room.jobs.gate.set()
        await storing
        assert (True, True) == (one.done(), other.done())


async def test_waiters_of_a_job_that_ended_elsewhere_are_told(room: Room) -> None:
    """Another replica may have stored the end; whoever waits here is told all the same."""
    del room.jobs.places[JOB_ID]
    with room.ends.expect(JOB_ID) as waiting:
        await room.ends.apply(END)
        assert waiting.done()


async def test_nobody_is_expected_when_nobody_waits(room: Room) -> None:
    """A job is expected while somebody waits, and no longer."""
    assert not room.ends.is_expected(JOB_ID)
    with room.ends.expect(JOB_ID):
        with room.ends.expect(JOB_ID):
            pass
        assert room.ends.is_expected(JOB_ID)
    assert not room.ends.is_expected(JOB_ID)


async def test_a_failed_end_can_come_again(room: Room) -> None:
    """An end that could not be stored is raised, and stored when it comes again."""
    room.jobs.failure = AWAY
    with room.ends.expect(JOB_ID) as waiting:
        with pytest.raises(Unavailable):
            await room.ends.apply(END)
        assert not waiting.done()
        room.jobs.failure = None
        await room.ends.apply(END)
        assert waiting.done()


@pytest.mark.parametrize("failure", [AWAY, RuntimeError("a defect")])
async def test_hurrying_leaves_a_failure_to_the_consumer(room: Room, failure: Exception) -> None:
    """What goes wrong in a hurry is logged, and raised to nobody."""
    room.jobs.failure = failure
    await room.ends.hurry(END)

    assert room.jobs.kept[JOB_ID] == JOB


async def test_who_gives_up_stops_no_other(room: Room) -> None:
    """When the one who began to store is cancelled, whoever came second still has it stored."""
    room.jobs.gate.clear()
    first = asyncio.create_task(room.ends.apply(END))
    await until(lambda: bool(room.jobs.stored))
    second = asyncio.create_task(room.ends.apply(END))
    await asyncio.sleep(0)  # it has joined the first one's storing
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    room.jobs.gate.set()
    await second

    assert ([END], True) == (room.jobs.stored, room.jobs.kept[JOB_ID].status.ended)


async def test_who_gives_up_leaves_no_failure_behind(room: Room) -> None:
    """When the one who stored is cancelled, the storing goes on, and its failure is retrieved."""
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    room.jobs.gate.clear()
    storing = asyncio.create_task(room.ends.apply(END))
    await until(lambda: bool(room.jobs.stored))
    storing.cancel()
    await asyncio.gather(storing, return_exceptions=True)
    room.jobs.failure = AWAY
    room.jobs.gate.set()
    await until(lambda: not room.ends._storing)
    room.jobs.failure = None
    await room.ends.apply(END)

    assert (2, []) == (len(room.jobs.stored), told)


async def test_a_start_is_noted(room: Room) -> None:
    """A start reaches the store."""
    await room.ends.begin(Started(JOB_ID, "one", JOB.created_at))

    assert room.jobs.kept[JOB_ID].status is Status.RUNNING


async def test_a_job_that_is_given_up_ends(room: Room) -> None:
    """It leaves the queue, its end is told as an internal error with the reason, and stored."""
    await room.ends.give_up(JOB_ID, "default", WHY)
    end = room.stream.ends[JOB_ID]

    assert end is not None
    assert (Status.FAILED, "internal_error", WHY, JOB.owner, JOB.labels) == (
        end.status,
        end.verdict,
        end.message,
        end.owner,
        end.labels,
    )
    assert ([("default", JOB_ID)], [end]) == (room.stream.forgotten, room.jobs.stored)


@pytest.mark.parametrize("gone", [True, False])
async def test_a_job_that_has_ended_is_not_given_up(room: Room, *, gone: bool) -> None:
    """A job that has ended, or is no more, stays as it is."""
    await room.ends.apply(END)
    if gone:
        room.jobs.kept.clear()
    await room.ends.give_up(JOB_ID, "default", WHY)

    assert (room.stream.ends, room.stream.forgotten) == ({}, [])


async def test_an_executors_end_goes_before_giving_up(room: Room) -> None:
    """When the stream has an end already, that one is stored."""
    room.stream.ends[JOB_ID] = END
    await room.ends.give_up(JOB_ID, "default", WHY)

    assert room.jobs.stored == [END]


async def test_an_unreadable_end_keeps_no_job_from_ending(room: Room) -> None:
    """When what the stream has can't be read, the job is given up all the same."""
    room.stream.ends[JOB_ID] = None
    await room.ends.give_up(JOB_ID, "default", WHY)

    assert [end.message for end in room.jobs.stored] == [WHY]
