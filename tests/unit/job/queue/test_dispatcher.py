"""Jobs are released as places come free."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from tests.unit.job.factories import WIDE
from tests.unit.job.memory import AWAY, Counts, MemoryStream
from tests.waiting import until

from ignis.job.models import Publication, Window
from ignis.job.queue import dispatcher as module
from ignis.job.queue.dispatcher import Dispatcher


def publication(job_id: str, pool: str = "default") -> Publication:
    """A job whose turn has come."""
    return Publication(job_id, pool, 1, b"payload", "request_1")


class Queue:
    """A queue of record in which jobs wait by pool."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[Publication]] = {}
        self.released: list[str] = []
        self.looks = 0
        self.failures: list[Exception] = []
        self.on_release: Callable[[], None] = lambda: None

    async def release(self, pool: str, window: Window) -> list[Publication]:
        """Release all of a pool."""
        assert window == WIDE
        self.on_release()
        await asyncio.sleep(0.001)
        if self.failures:
            raise self.failures.pop()
        self.released.append(pool)
        return self.waiting.pop(pool, [])

    async def waiting_pools(self) -> list[str]:
        """Pools in which a job waits."""
        self.looks += 1
        return list(self.waiting)


class Windows:
    """Room for all."""

    def window(self, pool: str) -> Window:
        """A wide window."""
        assert pool
        return WIDE


class Room:
    """A dispatcher that runs."""

    def __init__(self) -> None:
        self.queue, self.stream, self.counts = Queue(), MemoryStream(), Counts()
        self.dispatcher = Dispatcher(self.queue, self.stream, Windows(), self.counts)

    def sent(self) -> list[str]:
        """The ids that were published."""
        return [job.job_id for job in self.stream.jobs]


@pytest.fixture(name="room")
async def room_fixture(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    """A dispatcher that looks for itself every 50 ms."""
    monkeypatch.setattr(module, "TICK", 0.05)
    room = Room()
    task = asyncio.create_task(room.dispatcher.run())
    yield room
    assert not task.done()
    task.cancel()


async def test_a_nudge_releases_a_pool_in_its_order(room: Room) -> None:
    """What a release takes is published in the order of the turns."""
    room.queue.waiting["default"] = [publication(name) for name in "cab"]
    room.dispatcher.nudge("default")
    await until(lambda: len(room.stream.jobs) == 3)

    assert room.sent() == ["c", "a", "b"]


async def test_it_looks_for_itself(room: Room) -> None:
    """Without a nudge, a job that waits is found at a tick."""
    await until(lambda: room.queue.looks > 0)
    room.queue.waiting["other"] = [publication("x", "other")]
    await until(lambda: room.sent() == ["x"])


async def test_a_busy_pool_takes_no_tick_from_the_others(room: Room) -> None:
    """However often one pool is nudged, another's jobs are found."""
    room.queue.on_release = lambda: room.dispatcher.nudge("busy")
    room.dispatcher.nudge("busy")
    await until(lambda: len(room.queue.released) > 3)
    room.queue.waiting["quiet"] = [publication("x", "quiet")]

    await until(lambda: room.sent() == ["x"])


@pytest.mark.parametrize("failure", [AWAY, RuntimeError("a defect")])
async def test_it_survives_whatever_happens(room: Room, failure: Exception) -> None:
    """A failure is counted if it is a defect, and the next round releases what waits."""
    room.queue.failures = [failure]
    room.queue.waiting["default"] = [publication("x")]
    room.dispatcher.nudge("default")
    await until(lambda: room.sent() == ["x"])

    assert room.counts.seen["failed dispatcher"] == (failure is not AWAY)


async def test_a_publish_that_fails_is_left_to_the_relay(room: Room) -> None:
    """When JetStream is away nobody is told of it: the job is on disk."""
    room.stream.failure = AWAY
    await room.dispatcher.publish(publication("x"))

    assert room.sent() == []
