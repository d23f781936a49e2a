"""The SQL of the webhook service."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from ignis.storage.postgres import Pool, driver_errors
from ignis.webhook.models import EVERY_JOB_EVENT, Changes, JobEvent, Webhook

COLUMNS = "id, owner, url, events, description, secret, is_active, created_at, updated_at"


class PostgresWebhooks:
    """Endpoints in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, webhook: Webhook, nonce: str, limit: int) -> Webhook | None:
        """Keep an endpoint, or find the one that the same request made before."""
        with driver_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                # One owner's requests wait for each other here: two that are
                # counted at once would both find room for one.
                await connection.execute(
                    "SELECT pg_advisory_xact_lock(hashtextextended('webhooks ' || $1, 0))",
                    webhook.owner,
                )
                known = await connection.fetchrow(
                    f"SELECT {COLUMNS} FROM webhooks WHERE owner = $1 AND nonce = $2",  # noqa: S608 - a constant
                    webhook.owner,
                    nonce or None,
                )
                if known is not None:
                    return _webhook(known)
                owned = await connection.fetchval(
                    "SELECT count(*) FROM webhooks WHERE owner = $1", webhook.owner
                )
                if owned >= limit:
                    return None
                await _insert(connection, webhook, nonce)
                return webhook

    async def list(self, owner: str, limit: int, before: str) -> Sequence[Webhook]:
        """Endpoints by id, downwards."""
        with driver_errors():
            rows = await self._pool.fetch(
                f"SELECT {COLUMNS} FROM webhooks"  # noqa: S608 - a constant
                " WHERE owner = $1 AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $2",
                owner,
                limit,
                before,
            )
        return [_webhook(row) for row in rows]

    async def get(self, owner: str, webhook_id: str) -> Webhook | None:
        """One endpoint, or None."""
        with driver_errors():
            row = await self._pool.fetchrow(
                f"SELECT {COLUMNS} FROM webhooks WHERE owner = $1 AND id = $2",  # noqa: S608 - a constant
                owner,
                webhook_id,
            )
        return _webhook(row) if row else None

    async def update(
        self, owner: str, webhook_id: str, changes: Changes, now: datetime
    ) -> Webhook | None:
        """Change what is not None."""
        with driver_errors():
            row = await self._pool.fetchrow(
                "UPDATE webhooks SET url = coalesce($3, url), events = coalesce($4, events),"  # noqa: S608 - a constant
                " description = coalesce($5, description), is_active = coalesce($6, is_active),"
                " updated_at = $7"
                f" WHERE owner = $1 AND id = $2 RETURNING {COLUMNS}",
                owner,
                webhook_id,
                changes.url,
                changes.events,
                changes.description,
                changes.is_active,
                now,
            )
        return _webhook(row) if row else None

    async def delete(self, owner: str, webhook_id: str) -> bool:
        """Remove an endpoint; its deliveries go with it."""
        with driver_errors():
            row = await self._pool.fetchrow(
                "DELETE FROM webhooks WHERE owner = $1 AND id = $2 RETURNING id",
                owner,
                webhook_id,
            )
        return row is not None


class PostgresDeliveries:
    """What has to be sent, in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, event: JobEvent, body: bytes) -> int:
        """Write all deliveries of an event in one statement."""
        with driver_errors():
            # Locked, so that an endpoint that is being deleted is waited for
            # and then left out, instead of breaking the foreign key.
            rows = await self._pool.fetch(
                "INSERT INTO webhook_deliveries"
                " (webhook_id, event_id, event_type, job_id, payload, occurred_at)"
                " SELECT id, $2, $3, $4, $5, $6 FROM webhooks"
                " WHERE owner = $1 AND is_active AND events && ARRAY[$3, $7]"
                " FOR KEY SHARE"
                " ON CONFLICT (webhook_id, event_id) DO NOTHING RETURNING webhook_id",
                event.owner,
                event.id,
                event.type.value,
                event.job_id,
                body,
                event.occurred_at,
                EVERY_JOB_EVENT,
            )
        return len(rows)

    async def forget(self, before: datetime, limit: int) -> int:
        """Remove the oldest; what another replica is removing is left to it."""
        with driver_errors():
            rows = await self._pool.fetch(
                "DELETE FROM webhook_deliveries WHERE (webhook_id, event_id) IN ("
                " SELECT webhook_id, event_id FROM webhook_deliveries WHERE created_at < $1"
                " ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING webhook_id",
                before,
                limit,
            )
        return len(rows)


async def _insert(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", webhook: Webhook, nonce: str
) -> None:
    await connection.execute(
        f"INSERT INTO webhooks ({COLUMNS}, nonce)"  # noqa: S608 - a constant
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        webhook.id,
        webhook.owner,
        webhook.url,
        webhook.events,
        webhook.description,
        webhook.secret,
        webhook.is_active,
        webhook.created_at,
        webhook.updated_at,
        nonce or None,
    )


def _webhook(row: asyncpg.Record) -> Webhook:
    return Webhook(**{**row, "events": tuple(row["events"])})
