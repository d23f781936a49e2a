"""A schema and streams of the test's own."""

import secrets
from collections.abc import AsyncIterator

import pytest
from tests.servers import Server

from ignis.events import connection, streams
from ignis.events.connection import Nats
from ignis.local.postgres import Database
from ignis.server.settings import DatabaseSettings
from ignis.storage.migrate import migrate
from ignis.storage.postgres import Pool, connect


@pytest.fixture(name="schema")
def schema_fixture() -> str:
    """A schema that no other test uses."""
    return f"test_{secrets.token_hex(6)}"


@pytest.fixture(name="pool")
async def pool_fixture(postgres: Database, schema: str) -> AsyncIterator[Pool]:
    """A pool on the migrated schema."""
    settings = DatabaseSettings.model_validate(
        {
            "db_host": postgres.host,
            "db_port": postgres.port,
            "db_database": postgres.database,
            "db_username": postgres.username,
            "db_password": postgres.password,
            "db_schema": schema,
        }
    )
    async with connect(settings, "webhook") as pool:
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
