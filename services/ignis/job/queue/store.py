"""The queue in PostgreSQL: a row for each job that has not ended."""

from datetime import UTC, datetime, timedelta

import asyncpg

from ignis.job.models import Depth, Publication, Unended, Window
from ignis.server.ids import first_id_at
from ignis.storage.postgres import Pool, driver_errors

# One replica at a time takes turns for a pool, or windows would be overshot.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('ignis.release.' || $1))"

# Round-robin: every owner's next job before anybody's second, counting what
# each already has in the window; within an owner by priority, then by age.
# The owners are found by hopping over the index, not by reading every row.
# A job's request is read by its key: a join might be planned as a whole scan.
RELEASE = """
WITH RECURSIVE owners AS (
    (SELECT owner FROM queue WHERE pool = $1 AND published_at IS NULL ORDER BY owner LIMIT 1)
    UNION ALL
    SELECT (SELECT q.owner FROM queue q
            WHERE q.pool = $1 AND q.published_at IS NULL AND q.owner > owners.owner
            ORDER BY q.owner LIMIT 1)
    FROM owners WHERE owners.owner IS NOT NULL
), active AS (
    SELECT owner, count(*) AS jobs FROM queue
    WHERE pool = $1 AND published_at IS NOT NULL GROUP BY owner
), candidates AS (
    SELECT next.job_id, next.turn + coalesce(active.jobs, 0) AS turn
    FROM owners LEFT JOIN active USING (owner), LATERAL (
        SELECT job_id, row_number() OVER (ORDER BY priority DESC, job_id) AS turn
        FROM queue WHERE pool = $1 AND owner = owners.owner AND published_at IS NULL
        ORDER BY priority DESC, job_id LIMIT greatest($3 - coalesce(active.jobs, 0), 0)
    ) AS next
    ORDER BY 2, 1
    LIMIT greatest($2 - (SELECT coalesce(sum(jobs), 0) FROM active), 0)
), released AS (
    UPDATE queue SET published_at = now(), publishes = publishes + 1
    FROM candidates WHERE queue.job_id = candidates.job_id
    RETURNING queue.job_id, queue.pool, queue.publishes, queue.request_id
)
SELECT job_id, pool, publishes, request_id,
    (SELECT request FROM jobs WHERE jobs.job_id = released.job_id) AS request
FROM released JOIN candidates USING (job_id) ORDER BY turn, job_id
"""

WAITING_POOLS = """
WITH RECURSIVE pools AS (
    (SELECT pool FROM queue WHERE published_at IS NULL ORDER BY pool LIMIT 1)
    UNION ALL
    SELECT (SELECT q.pool FROM queue q
            WHERE q.published_at IS NULL AND q.pool > pools.pool ORDER BY q.pool LIMIT 1)
    FROM pools WHERE pools.pool IS NOT NULL
)
SELECT pool FROM pools WHERE pool IS NOT NULL
"""

CLAIM_UNCHECKED = """
UPDATE queue SET checked_at = now()
WHERE job_id IN (
    SELECT job_id FROM queue
    WHERE published_at IS NOT NULL AND coalesce(checked_at, published_at) < now() - $1::interval
    ORDER BY coalesce(checked_at, published_at) LIMIT $2 FOR UPDATE SKIP LOCKED
)
RETURNING job_id, pool, publishes
"""

# An id carries its time, and the primary key is sorted by it.
CLAIM_OVERDUE = """
UPDATE queue SET checked_at = now()
WHERE job_id IN (
    SELECT job_id FROM queue
    WHERE job_id < $1
        AND (SELECT status FROM jobs WHERE jobs.job_id = queue.job_id) = 'received'
    ORDER BY job_id LIMIT $2 FOR UPDATE SKIP LOCKED
)
RETURNING job_id, pool, publishes
"""

PUBLISH_AGAIN = """
UPDATE queue SET published_at = now(), publishes = publishes + 1
WHERE job_id = $1
RETURNING job_id, pool, publishes, request_id,
    (SELECT request FROM jobs WHERE jobs.job_id = queue.job_id) AS request
"""

DEPTHS = """
SELECT pool, count(*) - count(published_at) AS waiting, count(published_at) AS published
FROM queue GROUP BY pool
"""

BATCH = 100  # rows that one sweep looks at


class QueueStore:
    """Implements `dispatcher.Queue`, `relay.Queue` and `depths.Queue`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def release(self, pool: str, window: Window) -> list[Publication]:
        """Take the jobs of a pool whose turn is now, and mark them published.

        They come in the order of their turns, which JetStream then keeps.
        """
        with driver_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(LOCK, pool)
                return _publications(
                    await connection.fetch(RELEASE, pool, window.pool, window.user)
                )

    async def waiting_pools(self) -> list[str]:
        """The pools in which a job waits for its turn."""
        with driver_errors():
            return [row["pool"] for row in await self._pool.fetch(WAITING_POOLS)]

    async def unchecked(self, after: float) -> list[Unended]:
        """Jobs that were published, or looked after, more than `after` seconds ago."""
        return await self._claim(CLAIM_UNCHECKED, timedelta(seconds=after))

    async def overdue(self, after: float) -> list[Unended]:
        """Jobs that no executor began with in `after` seconds."""
        return await self._claim(
            CLAIM_OVERDUE, first_id_at(datetime.now(UTC) - timedelta(seconds=after))
        )

    async def publish_again(self, job_id: str) -> Publication | None:
        """Mark a job published once more; None when it has ended by now."""
        with driver_errors():
            found = _publications(await self._pool.fetch(PUBLISH_AGAIN, job_id))
        return found[0] if found else None

    async def depths(self) -> list[Depth]:
        """How many jobs have not ended, by pool."""
        with driver_errors():
            rows = await self._pool.fetch(DEPTHS)
        return [Depth(row["pool"], row["waiting"], row["published"]) for row in rows]

    async def _claim(self, statement: str, before: timedelta | str) -> list[Unended]:
        with driver_errors():
            rows = await self._pool.fetch(statement, before, BATCH)
        return [Unended(row["job_id"], row["pool"], row["publishes"]) for row in rows]


def _publications(rows: list[asyncpg.Record]) -> list[Publication]:
    """What is to be published; a row whose job is gone is not."""
    return [
        Publication(row["job_id"], row["pool"], row["publishes"], row["request"], row["request_id"])
        for row in rows
        if row["request"] is not None
    ]
