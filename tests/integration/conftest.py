"""What integration tests share: one of each server per pytest worker, new and empty inside."""

import secrets
from collections.abc import AsyncIterator

import pytest
from nats.js.errors import ServerError
from tests.servers import Server, nats_fixture, postgres_fixture, valkey_fixture
from tests.waiting import until

from ignis.events import connection, streams
from ignis.events.connection import Nats

__all__ = ["nats_fixture", "postgres_fixture", "valkey_fixture"]


@pytest.fixture(name="schema")
def schema_fixture() -> str:
    """A schema that no other test uses."""
    return f"test_{secrets.token_hex(6)}"


@pytest.fixture(name="connected")
async def connected_fixture(nats: Server) -> AsyncIterator[Nats]:
    """A connection to NATS, with new and empty streams."""
    async with connection.connect(nats.url, "test") as connected:
        for stream in await connected.jetstream.streams_info():
            await connected.jetstream.delete_stream(str(stream.config.name))

        async def made() -> bool:
            try:
                await streams.ensure(connected)
            except ServerError:  # it is still removing the files of the stream before
                return False
            return True

        await until(made)
        yield connected
