"""The queue in PostgreSQL: a row for each job that has not ended."""

from collections.abc import Sequence
from datetime import timedelta

from ignis.job.models import Publication, Unended, Window
from ignis.storage.postgres import Pool, driver_errors

# One replica at a time takes turns for a pool, or windows would be overshot.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('ignis.release.' || $1))"

# Round-robin: every owner's next job before anybody's second, counting what
# each already has in the window; within an owner by priority, then by age.
# The owners are found by hopping over the index, not by reading every row.
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
)
UPDATE queue SET published_at = now(), publishes = publishes + 1
FROM candidates WHERE queue.job_id = candidates.job_id
RETURNING queue.job_id
"""
PAYLOADS = """
SELECT queue.job_id, queue.pool, queue.publishes, jobs.request
FROM queue JOIN jobs USING (job_id) WHERE queue.job_id = ANY($1) ORDER BY queue.published_at
"""

WAITING_POOLS = "SELECT DISTINCT pool FROM queue WHERE published_at IS NULL"

CLAIM_UNCHECKED = """
UPDATE queue SET checked_at = now()
WHERE job_id IN (
    SELECT job_id FROM queue
    WHERE published_at IS NOT NULL AND coalesce(checked_at, published_at) < now() - $1::interval
    ORDER BY coalesce(checked_at, published_at) LIMIT $2 FOR UPDATE SKIP LOCKED
)
RETURNING job_id, pool
"""

CLAIM_OVERDUE = """
UPDATE queue SET checked_at = now()
WHERE job_id IN (
    SELECT queue.job_id FROM queue JOIN jobs USING (job_id)
    WHERE queue.created_at < now() - $1::interval AND jobs.status = 'received'
    ORDER BY queue.created_at LIMIT $2 FOR UPDATE OF queue SKIP LOCKED
)
RETURNING job_id, pool
"""

PUBLISH_AGAIN = """
UPDATE queue SET published_at = now(), publishes = publishes + 1
WHERE job_id = $1 RETURNING job_id
"""

BATCH = 100  # rows that one sweep looks at


class QueueStore:
    """Implements `dispatcher.Queue` and `relay.Queue`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def release(self, pool: str, window: Window) -> list[Publication]:
        """Take the jobs of a pool whose turn is now, and mark them published."""
        with driver_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(LOCK, pool)
                rows = await connection.fetch(RELEASE, pool, window.pool, window.user)
            return await self._payloads([row["job_id"] for row in rows])

    async def waiting_pools(self) -> list[str]:
        """The pools in which a job waits for its turn."""
        with driver_errors():
            return [row["pool"] for row in await self._pool.fetch(WAITING_POOLS)]

    async def unchecked(self, after: float) -> list[Unended]:
        """Jobs that were published, or looked after, more than `after` seconds ago."""
        return await self._claim(CLAIM_UNCHECKED, after)

    async def overdue(self, after: float) -> list[Unended]:
        """Jobs that no executor began with in `after` seconds."""
        return await self._claim(CLAIM_OVERDUE, after)

    async def publish_again(self, job_id: str) -> Publication | None:
        """Mark a job published once more; None when it has ended by now."""
        with driver_errors():
            await self._pool.execute(PUBLISH_AGAIN, job_id)
            found = await self._payloads([job_id])
        return found[0] if found else None

    async def _claim(self, statement: str, after: float) -> list[Unended]:
        with driver_errors():
            rows = await self._pool.fetch(statement, timedelta(seconds=after), BATCH)
        return [Unended(row["job_id"], row["pool"]) for row in rows]

    async def _payloads(self, job_ids: Sequence[str]) -> list[Publication]:
        if not job_ids:
            return []
        rows = await self._pool.fetch(PAYLOADS, job_ids)
        return [
            Publication(row["job_id"], row["pool"], row["publishes"], row["request"])
            for row in rows
        ]
