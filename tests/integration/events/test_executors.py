"""Executors announce themselves, and are found."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.integration import restartable
from tests.waiting import until

from ignis.events import connection, executors, streams, subjects
from ignis.events.connection import Nats
from ignis.events.executors import Announcer, ExecutorDirectory
from ignis.v1 import executor_pb2


def executor(name: str, capacity: int = 4) -> executor_pb2.Executor:
    """An executor."""
    return executor_pb2.Executor(id=name, pool="default", capacity=capacity)


@asynccontextmanager
async def watching(connected: Nats) -> AsyncIterator[ExecutorDirectory]:
    """A directory that follows the bucket."""
    directory = ExecutorDirectory(connected)
    task = asyncio.create_task(directory.watch())
    yield directory
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def names(found: list[executor_pb2.Executor]) -> list[str]:
    """Their ids, sorted."""
    return sorted(one.id for one in found)


async def put(connected: Nats, one: executor_pb2.Executor, age: float) -> None:
    """Write an announcement of some seconds ago."""
    one.announced_at.FromDatetime(datetime.now(UTC) - timedelta(seconds=age))
    bucket = await streams.bucket(connected, subjects.EXECUTORS_BUCKET)
    await bucket.put(one.id, one.SerializeToString())


async def test_those_that_announce_themselves_are_alive(connected: Nats) -> None:
    """Announcements from before and after the watch began are known, with the time of now."""
    announcer = Announcer(connected)
    await announcer.announce(executor("one"))
    async with watching(connected) as directory:
        await until(lambda: names(directory.alive()) == ["one"])
        await announcer.announce(executor("two"))
        await until(lambda: names(directory.alive()) == ["one", "two"])

        assert directory.changed.is_set()
        assert 4 == directory.alive()[0].capacity


async def test_those_that_are_silent_are_recent_and_then_forgotten(connected: Nats) -> None:
    """After ten seconds an executor is not alive, after ten minutes it never was."""
    async with watching(connected) as directory:
        await put(connected, executor("silent"), executors.ALIVE + 1)
        await put(connected, executor("gone"), streams.EXECUTORS_AGE + 1)
        await put(connected, executor("here"), 0)
        await until(lambda: names(directory.recent()) == ["here", "silent"])

        assert ["here"] == names(directory.alive())


async def test_one_that_stops_says_so(connected: Nats) -> None:
    """Capacity 0 means that it takes no more jobs, though its languages were offered."""
    announcer = Announcer(connected)
    async with watching(connected) as directory:
        await announcer.announce(executor("one"))
        await until(lambda: names(directory.alive()) == ["one"])
        await announcer.announce(executor("one", capacity=0))
        await until(lambda: names(directory.alive()) == [])

        assert ["one"] == names(directory.recent())


async def test_nonsense_in_the_bucket_ends_nothing(connected: Nats) -> None:
    """An announcement that can't be read is passed over."""
    bucket = await streams.bucket(connected, subjects.EXECUTORS_BUCKET)
    await bucket.put("bad", b"\xff\xff\xff")
    async with watching(connected) as directory:
        await Announcer(connected).announce(executor("one"))
        await until(lambda: names(directory.alive()) == ["one"])


async def test_the_directory_outlives_a_restart_of_nats(tmp_path: Path) -> None:
    """After the server came back, announcements are seen again, within the watch's limit."""
    async with (
        restartable.nats_server(tmp_path) as server,
        connection.connect(server.url, "test") as connected,
        watching(connected) as directory,
    ):
        announcer = Announcer(connected)
        await announcer.announce(executor("one"))
        await until(lambda: names(directory.alive()) == ["one"])
        await server.stop()
        await until(lambda: not connected.client.is_connected)
        await server.start()
        await until(lambda: connected.client.is_connected)

        async def sees_two() -> bool:
            await announcer.announce(executor("two"))
            await asyncio.sleep(0.2)
            return "two" in names(directory.alive())

        await until(sees_two)


async def test_the_bucket_is_made_again_when_nats_lost_it(connected: Nats) -> None:
    """A server that lost its disk hears of the executors at their next announcement."""
    announcer = Announcer(connected)
    async with watching(connected) as directory:
        await announcer.announce(executor("one"))
        await until(lambda: names(directory.alive()) == ["one"])
        await connected.jetstream.delete_key_value(subjects.EXECUTORS_BUCKET)

        async def sees_two() -> bool:
            await announcer.announce(executor("two"))
            await asyncio.sleep(0.2)
            return "two" in names(directory.alive())

        await until(sees_two, patience=30)
