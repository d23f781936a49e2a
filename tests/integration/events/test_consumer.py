"""Consuming a stream."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.integration import restartable
from tests.waiting import until

from ignis.events import connection, consumer, puller, streams, subjects
from ignis.events.connection import Nats
from ignis.events.consumer import Consumer, Delivery, Subscription
from ignis.server.context import REQUEST_ID_HEADER, request_id
from ignis.server.metrics import Metrics

Handle = Callable[[Delivery], Awaitable[None]]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once: these tests have no second to lose."""
    monkeypatch.setattr(consumer, "RETRY_DELAY", 0.05)


def make(connected: Nats, handle: Handle, workers: int = 1, ack_wait: float = 30.0) -> Consumer:
    """A consumer of all ends."""
    wanted = Subscription(
        subjects.EVENTS_STREAM, "test", (subjects.ALL_ENDS,), workers=workers, ack_wait=ack_wait
    )
    return Consumer(connected, wanted, handle, Metrics("test"))


@asynccontextmanager
async def consuming(*consumers: Consumer) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run consumers, and drain them at the end."""
    tasks = [asyncio.create_task(one.run()) for one in consumers]
    yield tasks
    await asyncio.gather(*(one.drain() for one in consumers))
    await asyncio.gather(*tasks)


async def publish(connected: Nats, *names: str) -> None:
    """Publish an end for each name, with the name in it."""
    for name in names:
        await connected.jetstream.publish(
            subjects.event(name, subjects.END), name.encode(), headers={REQUEST_ID_HEADER: name}
        )


async def left(connected: Nats) -> tuple[int, int]:
    """How many messages wait, and how many are delivered but not acknowledged."""
    info = await connected.jetstream.consumer_info(subjects.EVENTS_STREAM, "test")
    return info.num_pending or 0, info.num_ack_pending or 0


async def all_done(connected: Nats) -> bool:
    """Whether every message is acknowledged."""
    return (0, 0) == await left(connected)


class Recorder:
    """A handler that remembers, and may be told to fail or to wait."""

    def __init__(self, failures: int = 0) -> None:
        self.got: list[Delivery] = []
        self.requests: list[str] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._failures = failures

    async def __call__(self, delivery: Delivery) -> None:
        """Remember a delivery."""
        self.got.append(delivery)
        self.requests.append(request_id.get())
        await self.go_on.wait()
        if len(self.got) <= self._failures:
            raise ValueError("told to fail")

    @property
    def names(self) -> list[str]:
        """What came, in its order."""
        return [delivery.data.decode() for delivery in self.got]


async def test_messages_come_with_what_is_known_of_them(connected: Nats) -> None:
    """A handler gets subject, data and attempt, and runs under the request's id."""
    handle = Recorder()
    await publish(connected, "a", "b")
    async with consuming(make(connected, handle)):
        await until(lambda: len(handle.got) == 2)
        await until(lambda: all_done(connected))

    assert [Delivery("events.a.end", b"a", 1), Delivery("events.b.end", b"b", 1)] == handle.got
    assert ["a", "b"] == handle.requests


async def test_other_subjects_are_not_taken(connected: Nats) -> None:
    """A consumer gets what its filter names."""
    handle = Recorder()
    async with consuming(make(connected, handle)):
        await connected.jetstream.publish("events.a.started", b"no")
        await publish(connected, "a")
        await until(lambda: handle.names == ["a"])


async def test_a_filter_can_change(connected: Nats) -> None:
    """A durable that another version made takes what this one names, and nothing else."""
    handle = Recorder()
    for wanted in ((subjects.ALL_EVENTS,), (subjects.ALL_STARTS, subjects.ALL_ENDS)):
        subscription = Subscription(subjects.EVENTS_STREAM, "test", wanted, workers=1)
        async with consuming(Consumer(connected, subscription, handle, Metrics("test"))):
            for kind in (subjects.STARTED, subjects.OUTPUT, subjects.END):
                await connected.jetstream.publish(subjects.event("a", kind), kind.encode())
            await until(lambda: handle.names[-1:] == ["end"])
            await until(lambda: all_done(connected))

    assert ["started", "output", "end", "started", "end"] == handle.names


async def test_a_failed_message_comes_again(connected: Nats) -> None:
    """What a handler could not do it gets again, with a higher attempt, until it can."""
    handle = Recorder(failures=2)
    one = make(connected, handle)
    await publish(connected, "a")
    async with consuming(one):
        await until(lambda: len(handle.got) == 3)
        await until(lambda: all_done(connected))

    assert [1, 2, 3] == [delivery.attempt for delivery in handle.got]
    assert b'errors_total{where="test"} 2.0' in one._metrics.render()


async def test_consumers_share_the_messages(connected: Nats) -> None:
    """Two replicas do all of the work, each message once."""
    one, other = Recorder(), Recorder()
    names = [f"job{i}" for i in range(40)]
    async with consuming(make(connected, one, 2), make(connected, other, 2)):
        await publish(connected, *names)
        await until(lambda: len(one.got) + len(other.got) >= len(names))
        await until(lambda: all_done(connected))

    assert sorted(names) == sorted(one.names + other.names)
    assert one.names
    assert other.names


async def test_so_many_workers_so_many_at_once(connected: Nats) -> None:
    """No more messages are out than there are workers to handle them."""
    handle = Recorder()
    handle.go_on.clear()
    await publish(connected, "a", "b", "c", "d")
    async with consuming(make(connected, handle, workers=2)):
        await until(lambda: len(handle.got) == 2)
        assert (2, 2) == await left(connected)
        handle.go_on.set()
        await until(lambda: all_done(connected))


async def test_draining_waits_for_what_was_begun(connected: Nats) -> None:
    """A drain lets the handler finish, takes nothing new, and then the run ends."""
    handle = Recorder()
    handle.go_on.clear()
    await publish(connected, "a", "b")
    one = make(connected, handle)
    async with consuming(one) as [task]:
        await until(lambda: len(handle.got) == 1)
        draining = asyncio.create_task(one.drain())
        await asyncio.sleep(0.05)
        assert not draining.done()
        handle.go_on.set()
        await asyncio.wait_for(asyncio.gather(draining, task), 5)

    assert ["a"] == handle.names

    async def one_is_left() -> bool:
        return (1, 0) == await left(connected)

    await until(one_is_left)


async def test_an_idle_consumer_drains_at_once(connected: Nats) -> None:
    """Nothing to do is no reason to wait for a pull to end."""
    one = make(connected, Recorder(), workers=4)
    task = asyncio.create_task(one.run())
    await until(lambda: len(one._workers) == 4)
    async with asyncio.timeout(puller.PULL_LIMIT / 2):
        await one.drain()
        await task


async def test_draining_before_running_is_no_error(connected: Nats) -> None:
    """A service that is told to stop while it starts drains what has not begun."""
    await asyncio.wait_for(make(connected, Recorder()).drain(), 1)


async def test_no_message_is_stranded_by_a_drain(connected: Nats) -> None:
    """Messages that arrive in the moment of the drain are another's at once.

    Consumers drain while messages come; with an ack_wait of 30 seconds, any
    that was delivered into nothing would be missing at the end.
    """
    handle = Recorder()
    names = [f"job{i}" for i in range(60)]

    stop = asyncio.Event()

    async def run_for_a_moment() -> None:
        one = make(connected, handle, workers=3)
        task = asyncio.create_task(one.run())
        await until(lambda: len(one._workers) == 3)
        await one.drain()
        await task

    async def restart_for_ever() -> None:
        while not stop.is_set():
            await run_for_a_moment()

    restarting = asyncio.create_task(restart_for_ever())
    for name in names:
        await publish(connected, name)
    stop.set()
    await restarting
    async with consuming(make(connected, handle)):
        await until(lambda: all_done(connected), patience=10)

    assert set(names) == set(handle.names)


async def test_a_cancelled_handler_gives_its_message_back(connected: Nats) -> None:
    """When the grace is over, the message is another's at once, not after ack_wait."""
    stuck, other = Recorder(), Recorder()
    stuck.go_on.clear()
    await publish(connected, "a")
    task = asyncio.create_task(make(connected, stuck).run())
    await until(lambda: len(stuck.got) == 1)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    async with consuming(make(connected, other)):
        await until(lambda: other.names == ["a"], patience=5)

    assert [2] == [delivery.attempt for delivery in other.got]


async def test_long_work_keeps_its_message(connected: Nats) -> None:
    """A handler that takes longer than ack_wait is not overtaken by a replica."""
    one, other = Recorder(), Recorder()
    one.go_on.clear()
    other.go_on.clear()
    await publish(connected, "a")
    async with consuming(make(connected, one, ack_wait=0.6), make(connected, other, ack_wait=0.6)):
        await until(lambda: len(one.got) + len(other.got) == 1)
        await asyncio.sleep(1.5)
        one.go_on.set()
        other.go_on.set()
        await until(lambda: all_done(connected))

    assert ["a"] == one.names + other.names


async def test_it_goes_on_after_a_restart_of_nats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that was published before or after the restart is handled after it."""
    monkeypatch.setattr(puller, "PULL_LIMIT", 0.5)
    async with (
        restartable.nats_server(tmp_path) as server,
        connection.connect(server.url, "test") as connected,
    ):
        await streams.ensure(connected)
        connected.jetstream._timeout = 0.5
        handle = Recorder()
        async with consuming(make(connected, handle)) as [task]:
            await publish(connected, "a")
            await until(lambda: handle.names == ["a"])
            await server.stop()
            await asyncio.sleep(0.6)
            await server.start()
            await until(lambda: connected.client.is_connected)
            await publish(connected, "b")
            await until(lambda: handle.names[-1] == "b")
            await until(lambda: all_done(connected))
            assert not task.done()


async def test_it_makes_again_what_nats_lost(connected: Nats) -> None:
    """A server that lost its streams gets them back, and the consumer goes on."""
    handle = Recorder()
    async with consuming(make(connected, handle)):
        await publish(connected, "a")
        await until(lambda: handle.names == ["a"])
        await connected.jetstream.delete_stream(subjects.EVENTS_STREAM)

        async def is_back() -> bool:
            names = [i.config.name for i in await connected.jetstream.streams_info()]
            return subjects.EVENTS_STREAM in names

        await until(is_back)
        await publish(connected, "b")
        await until(lambda: handle.names == ["a", "b"])


async def test_it_drains_while_nats_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service can end during an outage, within its grace."""
    monkeypatch.setattr(puller, "CLOSE_LIMIT", 0.3)
    async with (
        restartable.nats_server(tmp_path) as server,
        connection.connect(server.url, "test") as connected,
    ):
        await streams.ensure(connected)
        one = make(connected, Recorder(), workers=2)
        task = asyncio.create_task(one.run())
        await until(lambda: len(one._workers) == 2)
        await server.stop()
        await until(lambda: not connected.client.is_connected)
        async with asyncio.timeout(3):
            await one.drain()
            await task
