"""A schema and streams of the test's own."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest
from tests.servers import Server

from ignis.events import connection, streams
from ignis.events.connection import Nats
from ignis.local.postgres import Database
from ignis.server.settings import DatabaseSettings
from ignis.storage.migrate import migrate
from ignis.storage.postgres import Pool, connect


def open_pool(database: Database, schema: str) -> AbstractAsyncContextManager[Pool]:
    """A pool on a schema."""
    settings = DatabaseSettings.model_validate(
        {
            "db_host": database.host,
            "db_port": database.port,
            "db_database": database.database,
            "db_username": database.username,
            "db_password": database.password,
            "db_schema": schema,
        }
    )
    return connect(settings, "test")


@pytest.fixture(name="schema")
def schema_fixture() -> str:
    """A schema that no other test uses."""
    return f"test_{secrets.token_hex(6)}"


@pytest.fixture(name="pool")
async def pool_fixture(postgres: Database, schema: str) -> AsyncIterator[Pool]:
    """A pool on the migrated schema."""
    async with open_pool(postgres, schema) as pool:
        await migrate(pool, schema, "webhook")
        yield pool


@pytest.fixture(name="connected")
async def connected_fixture(nats: Server) -> AsyncIterator[Nats]:
    """A connection to NATS, with new and empty streams."""
    async with connection.connect(nats.url, "test") as connected:
        for stream in await connected.jetstream.streams_info():
            await connected.jetstream.delete_stream(str(stream.config.name))
        await streams.ensure(connected)
        yield connected
