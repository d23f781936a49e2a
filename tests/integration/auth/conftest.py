"""A running auth service, and clients of it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.integration.auth import process
from tests.integration.auth.process import Client, Running
from tests.servers import Server

from ignis.local.postgres import Database


@pytest.fixture(name="auth", scope="module")
def auth_fixture(
    postgres: Database, nats: Server, valkey: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """One service for the tests of a module; each keeps to users of its own."""
    folder = tmp_path_factory.mktemp("auth")
    with process.service(process.shared(postgres, nats, valkey), folder) as running:
        yield running


@pytest.fixture(name="client")
async def client_fixture(auth: Running) -> AsyncIterator[Client]:
    """A client of that service."""
    async with process.client(auth) as client:
        yield client
