"""The webhook service while what it needs is away, or while it dies itself."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from tests.integration import restartable
from tests.integration.database import open_pool
from tests.integration.webhook.process import running
from tests.servers import Server
from tests.unit.webhook.factories import webhook
from tests.waiting import until

from ignis.events import connection, streams
from ignis.events.connection import Nats
from ignis.events.publisher import Publisher
from ignis.local.postgres import Database
from ignis.server.ids import new_id
from ignis.storage.migrate import migrate
from ignis.storage.postgres import Pool
from ignis.v1 import events_pb2
from ignis.webhook.store import PostgresWebhooks

JOBS = 150


def end() -> events_pb2.JobEvent:
    """The end of another job of user_1's."""
    event = events_pb2.JobEvent(
        job_id=new_id(), owner="user_1", ended=events_pb2.JobEnded(status="completed")
    )
    event.occurred_at.GetCurrentTime()
    event.created_at.GetCurrentTime()
    return event


async def rows(pool: Pool) -> int:
    """How many deliveries there are."""
    return int(await pool.fetchval("SELECT count(*) FROM webhook_deliveries"))


async def test_events_of_an_outage_of_postgresql_are_written_down_after_it(
    tmp_path: Path, connected: Nats, nats: Server, schema: str
) -> None:
    """Events that nobody could write down come again, until somebody can."""
    async with restartable.postgres_server(tmp_path) as (server, database):
        with running(tmp_path, database, nats.url, schema) as service:
            await service.becomes(200)
            async with open_pool(database, schema) as pool:
                await PostgresWebhooks(pool).add(webhook(), "", 10)
            await server.stop()
            for _ in range(10):
                await Publisher(connected).publish_end(end())
            await service.becomes(503)
            await server.start()
            async with open_pool(database, schema) as pool:
                await until(lambda: all_there(pool, 10))


async def all_there(pool: Pool, count: int) -> bool:
    """Whether there are as many deliveries as there must be."""
    return await rows(pool) == count


async def test_events_after_an_outage_of_nats_are_written_down(
    tmp_path: Path, postgres: Database, schema: str
) -> None:
    """A service that lost NATS reads on once it is back."""
    async with (
        restartable.nats_server(tmp_path) as server,
        connection.connect(server.url, "test") as connected,
        open_pool(postgres, schema) as pool,
    ):
        await streams.ensure(connected)
        with running(tmp_path, postgres, server.url, schema) as service:
            await service.becomes(200)
            await PostgresWebhooks(pool).add(webhook(), "", 10)
            await Publisher(connected).publish_end(end())
            await until(lambda: all_there(pool, 1))
            await server.stop()
            await service.becomes(503)
            await server.start()
            await until(lambda: connected.client.is_connected)
            await Publisher(connected).publish_end(end())
            await until(lambda: all_there(pool, 2))


async def test_replicas_that_are_killed_lose_nothing_and_double_nothing(
    tmp_path: Path, postgres: Database, connected: Nats, nats: Server, schema: str
) -> None:
    """With replicas killed under load, every event is there once for each endpoint."""
    async with open_pool(postgres, schema) as pool:
        await migrate(pool, schema, "webhook")
        for _ in range(2):
            await PostgresWebhooks(pool).add(webhook(), "", 10)

        async def publish() -> None:
            for _ in range(JOBS):
                await Publisher(connected).publish_end(end())

        with ExitStack() as stack:
            replicas = [
                stack.enter_context(running(tmp_path, postgres, nats.url, schema)) for _ in range(2)
            ]
            for replica in replicas:
                await replica.becomes(200)
            publishing = asyncio.create_task(publish())
            await until(lambda: more_than(pool, JOBS // 2))
            replicas[0].process.kill()
            await publishing
            replicas[1].process.kill()
            last = stack.enter_context(running(tmp_path, postgres, nats.url, schema))
            await last.becomes(200)
            await until(lambda: all_there(pool, 2 * JOBS), patience=60)


async def more_than(pool: Pool, count: int) -> bool:
    """Whether that many deliveries have been written down."""
    return await rows(pool) > count
