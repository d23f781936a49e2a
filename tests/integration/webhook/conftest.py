"""The webhook service's tables, new and empty."""

from collections.abc import AsyncIterator

import pytest
from tests.integration.database import open_pool

from ignis.local.postgres import Database
from ignis.storage.migrate import migrate
from ignis.storage.postgres import Pool


@pytest.fixture(name="pool")
async def pool_fixture(postgres: Database, schema: str) -> AsyncIterator[Pool]:
    """A pool on the migrated schema."""
    async with open_pool(postgres, schema) as pool:
        await migrate(pool, schema, "webhook")
        yield pool
