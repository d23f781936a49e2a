"""Partitions in PostgreSQL."""

from datetime import date, timedelta

from ignis.job.partitions.service import Partition
from ignis.storage.postgres import Pool, driver_errors

LOCK = "SELECT pg_advisory_xact_lock(hashtext('ignis.partitions'))"
NAMES = (
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'jobs'::regclass"
)
OLD_QUEUE = "DELETE FROM queue WHERE job_id < $1"
OLD_KEYS = "DELETE FROM idempotency_keys WHERE created_at < now() - $1::interval"


class PartitionStore:
    """Implements `service.Partitions`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def make(self, partitions: list[Partition]) -> None:
        """Make those that are missing."""
        with driver_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(LOCK)
                for partition in partitions:
                    await connection.execute(
                        f"CREATE TABLE IF NOT EXISTS {partition.name} PARTITION OF jobs"
                        f" FOR VALUES FROM ('{partition.first}') TO ('{partition.end}')"
                    )

    async def drop_before(self, day: date) -> list[str]:
        """Drop the partitions of the days before, and what waits in them; returns their names."""
        with driver_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(LOCK)
                names = [row["name"] for row in await connection.fetch(NAMES)]
                old = [n for n in names if n.rpartition(".")[2] < Partition.of(day).name]
                for name in old:
                    await connection.execute(f"DROP TABLE {name}")
                # A row without its job would hold a place for ever.
                await connection.execute(OLD_QUEUE, Partition.of(day).first)
        return old

    async def drop_keys(self, age: timedelta) -> None:
        """Forget idempotency keys of that age."""
        with driver_errors():
            await self._pool.execute(OLD_KEYS, age)
