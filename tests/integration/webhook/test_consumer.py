"""From the stream EVENTS to rows in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from tests.unit.webhook.factories import webhook
from tests.waiting import until

from ignis.events import subjects
from ignis.events.connection import Nats
from ignis.events.consumer import Consumer, Delivery
from ignis.events.publisher import Publisher
from ignis.server.ids import new_id
from ignis.server.metrics import Metrics
from ignis.storage.postgres import Pool
from ignis.v1 import events_pb2
from ignis.webhook.consumer import EventHandler, subscription
from ignis.webhook.service import Deliveries
from ignis.webhook.store import PostgresDeliveries, PostgresWebhooks


class Replica:
    """What one webhook service does with events; may fail after its work is done."""

    def __init__(self, pool: Pool, failures: int = 0) -> None:
        self.metrics = Metrics("webhook")
        self.handled = 0
        self._failures = failures
        self._handler = EventHandler(
            Deliveries(PostgresDeliveries(pool), timedelta(days=1)), self.metrics
        )

    async def handle(self, delivery: Delivery) -> None:
        """Write down the event; then fail as often as asked."""
        await self._handler.handle(delivery)
        self.handled += 1
        if self.handled <= self._failures:
            raise ConnectionError("died before the acknowledgement")


@asynccontextmanager
async def consuming(connected: Nats, *replicas: Replica) -> AsyncIterator[None]:
    """Let replicas consume the stream."""
    consumers = [
        Consumer(connected, subscription(2), replica.handle, replica.metrics)
        for replica in replicas
    ]
    tasks = [asyncio.create_task(consumer.run()) for consumer in consumers]
    yield
    await asyncio.gather(*(consumer.drain() for consumer in consumers))
    await asyncio.gather(*tasks)


async def rows(pool: Pool) -> int:
    """How many deliveries there are."""
    return int(await pool.fetchval("SELECT count(*) FROM webhook_deliveries"))


async def all_read(connected: Nats) -> bool:
    """Whether every message of the stream is acknowledged."""
    info = await connected.jetstream.consumer_info(
        subjects.EVENTS_STREAM, subjects.WEBHOOK_CONSUMER
    )
    return (info.num_pending, info.num_ack_pending) == (0, 0)


def end(job_id: str, status: str = "completed") -> events_pb2.JobEvent:
    """The end of a job of user_1's."""
    event = events_pb2.JobEvent(
        job_id=job_id,
        owner="user_1",
        language="python",
        ended=events_pb2.JobEnded(status=status, verdict="accepted"),
    )
    event.occurred_at.GetCurrentTime()
    event.created_at.GetCurrentTime()
    return event


@pytest.fixture(name="endpoints")
async def endpoints_fixture(pool: Pool) -> None:
    """Two endpoints that are told of ends, and one that isn't."""
    store = PostgresWebhooks(pool)
    for events in (("job.completed",), ("job.*",), ("job.started",)):
        await store.add(webhook(events=events), "", 10)


@pytest.mark.usefixtures("endpoints")
async def test_an_end_makes_one_row_for_each_endpoint(pool: Pool, connected: Nats) -> None:
    """Delivered twice, and to two replicas, an event makes exactly one row per endpoint."""
    one, other = Replica(pool, failures=1), Replica(pool, failures=1)
    publisher = Publisher(connected)
    job_id = new_id()
    async with consuming(connected, one, other):
        assert await publisher.publish_end(end(job_id))
        await until(lambda: one.handled + other.handled >= 2)
        await until(lambda: all_read(connected))

    assert await rows(pool) == 2


@pytest.mark.usefixtures("endpoints")
async def test_a_second_end_after_the_streams_memory_makes_no_row(
    pool: Pool, connected: Nats
) -> None:
    """When EVENTS has forgotten the first end and takes another, the rows still stand."""
    replica, publisher, job_id = Replica(pool), Publisher(connected), new_id()
    async with consuming(connected, replica):
        assert await publisher.publish_end(end(job_id))
        await until(lambda: replica.handled == 1)
        await connected.jetstream.purge_stream(subjects.EVENTS_STREAM)
        assert await publisher.publish_end(end(job_id, "cancelled"))
        await until(lambda: replica.handled == 2)

    types = await pool.fetch("SELECT DISTINCT event_type FROM webhook_deliveries")
    assert [row["event_type"] for row in types] == ["job.completed"]


@pytest.mark.usefixtures("endpoints")
async def test_a_start_is_written_down_too(pool: Pool, connected: Nats) -> None:
    """Those who chose starts get them, however many attempts there are."""
    replica, publisher = Replica(pool), Publisher(connected)
    started = end(new_id())
    started.started.SetInParent()
    async with consuming(connected, replica):
        await publisher.publish_started(started)
        started.attempt = 2
        await publisher.publish_started(started)
        await until(lambda: replica.handled == 2)

    assert await rows(pool) == 2


@pytest.mark.usefixtures("endpoints")
async def test_poison_holds_nothing_up(pool: Pool, connected: Nats) -> None:
    """Messages that can't be read are acknowledged, and those behind them are read."""
    replica, publisher = Replica(pool), Publisher(connected)
    async with consuming(connected, replica):
        for i in range(5):
            await connected.jetstream.publish(subjects.event(f"bad{i}", "end"), b"\xff\xff")
        await publisher.publish_end(end(new_id()))
        await until(lambda: replica.handled == 6)
        await until(lambda: all_read(connected))

    assert await rows(pool) == 2
    assert b"ignis_webhook_events_dropped_total 5.0" in replica.metrics.render()


@pytest.mark.usefixtures("endpoints")
async def test_what_came_while_nobody_read_is_read_later(pool: Pool, connected: Nats) -> None:
    """Events wait in the stream for a service that is down."""
    publisher, first = Publisher(connected), Replica(pool)
    async with consuming(connected, first):
        await publisher.publish_end(end(new_id()))
        await until(lambda: first.handled == 1)
    for _ in range(20):
        await publisher.publish_end(end(new_id()))
    second, third = Replica(pool), Replica(pool)
    async with consuming(connected, second, third):
        await until(lambda: second.handled + third.handled == 20)
        await until(lambda: all_read(connected))

    assert await rows(pool) == 42
