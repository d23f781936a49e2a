"""The job service's tables, new and empty."""

from collections.abc import AsyncIterator

import pytest
from tests.integration.database import open_pool

from ignis.job.metrics import JobMetrics
from ignis.job.partitions.service import Retention
from ignis.job.partitions.store import PartitionStore
from ignis.job.queue.store import QueueStore
from ignis.job.store import JobStore
from ignis.local.postgres import Database
from ignis.server.metrics import Metrics
from ignis.storage.migrate import migrate
from ignis.storage.postgres import Pool


@pytest.fixture(name="pool")
async def pool_fixture(postgres: Database, schema: str) -> AsyncIterator[Pool]:
    """A pool on the migrated schema, with its partitions."""
    async with open_pool(postgres, schema) as pool:
        await migrate(pool, schema, "job")
        await Retention(PartitionStore(pool), 30, JobMetrics(Metrics("job"))).apply()
        yield pool


@pytest.fixture(name="jobs")
def jobs_fixture(pool: Pool) -> JobStore:
    """Where jobs are stored."""
    return JobStore(pool)


@pytest.fixture(name="queue")
def queue_fixture(pool: Pool) -> QueueStore:
    """The queue of record."""
    return QueueStore(pool)
