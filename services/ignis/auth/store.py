"""API keys in PostgreSQL."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import asyncpg

from ignis.auth.models import ApiKey, KeyChanges
from ignis.storage.postgres import Pool, driver_errors

LOOKUP_LIMIT = 0.6  # seconds; below the gateway's own limit, so that auth says what is wrong
USED_EVERY = timedelta(minutes=1)  # last_used_at of a key changes no more often

_COLUMNS = (
    "id, owner, name, prefix, last_four, scopes, rate_limit, is_active,"
    " expires_at, last_used_at, created_at, updated_at"
)
# Nobody has seen the secret of a request that was repeated: its key gets the new one.
_INSERT = f"""
INSERT INTO api_keys ({_COLUMNS}, secret_hash, nonce)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (owner, nonce) DO UPDATE SET
    secret_hash = excluded.secret_hash,
    prefix = excluded.prefix,
    last_four = excluded.last_four
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants alone
_PAGE = f"""
SELECT {_COLUMNS} FROM api_keys
WHERE owner = $1 AND ($2 = '' OR id < $2)
ORDER BY id DESC LIMIT $3
"""  # noqa: S608 - constants alone
_GET = f"SELECT {_COLUMNS} FROM api_keys WHERE owner = $1 AND id = $2"  # noqa: S608 - as above
_BY_DIGEST = f"SELECT {_COLUMNS} FROM api_keys WHERE secret_hash = $1"  # noqa: S608 - as above
_UPDATE = f"""
UPDATE api_keys SET
    name = coalesce($3, name),
    scopes = coalesce($4, scopes),
    rate_limit = coalesce($5, rate_limit),
    is_active = coalesce($6, is_active),
    expires_at = coalesce($7, expires_at),
    updated_at = $8
WHERE owner = $1 AND id = $2
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants alone
_DELETE = "DELETE FROM api_keys WHERE owner = $1 AND id = $2 RETURNING id"
# Replicas may have noted the same key: the condition keeps to once a minute among them.
_USED = """
UPDATE api_keys SET last_used_at = used.at
FROM unnest($1::text[], $2::timestamptz[]) AS used (id, at)
WHERE api_keys.id = used.id
  AND (api_keys.last_used_at IS NULL OR api_keys.last_used_at <= used.at - $3::interval)
"""


class PostgresKeys:
    """Satisfies the Protocols of `service`, `gate` and `usage`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def insert(self, key: ApiKey, digest: bytes, nonce: str) -> ApiKey:
        """Keep a new key and the SHA-256 of its secret; one key for one nonce."""
        with driver_errors():
            row = await self._pool.fetchrow(
                _INSERT,
                key.id,
                key.owner,
                key.name,
                key.prefix,
                key.last_four,
                list(key.scopes),
                key.rate_limit,
                key.is_active,
                key.expires_at,
                key.last_used_at,
                key.created_at,
                key.updated_at,
                digest,
                nonce,
            )
        assert row is not None  # noqa: S101 - this statement always returns one
        return _key(row)

    async def page(self, owner: str, before: str, limit: int) -> list[ApiKey]:
        """Up to `limit` keys of an owner, newest first, older than the id `before` unless empty."""
        with driver_errors():
            rows = await self._pool.fetch(_PAGE, owner, before, limit)
        return [_key(row) for row in rows]

    async def get(self, owner: str, key_id: str) -> ApiKey | None:
        """A key, if it is the owner's."""
        with driver_errors():
            return _key_or_none(await self._pool.fetchrow(_GET, owner, key_id))

    async def by_digest(self, digest: bytes) -> ApiKey | None:
        """The key whose secret has this SHA-256."""
        with driver_errors():
            async with asyncio.timeout(LOOKUP_LIMIT) as limit, self._pool.acquire() as connection:
                try:
                    row = await connection.fetchrow(_BY_DIGEST, digest)
                except asyncio.CancelledError:
                    if limit.expired():
                        # A server that hangs does not answer the driver's cancellation either.
                        connection.terminate()
                    raise
        return _key_or_none(row)

    async def update(
        self, owner: str, key_id: str, changes: KeyChanges, now: datetime
    ) -> ApiKey | None:
        """Change a key, if it is the owner's, and return what it is now."""
        with driver_errors():
            row = await self._pool.fetchrow(
                _UPDATE,
                owner,
                key_id,
                changes.name,
                list(changes.scopes) or None,
                changes.rate_limit,
                changes.is_active,
                changes.expires_at,
                now,
            )
        return _key_or_none(row)

    async def delete(self, owner: str, key_id: str) -> bool:
        """Remove a key, if it is the owner's; tells whether there was one."""
        with driver_errors():
            return await self._pool.fetchval(_DELETE, owner, key_id) is not None

    async def used(self, times: Mapping[str, datetime]) -> None:
        """Remember when keys were last used, in one statement."""
        with driver_errors():
            await self._pool.execute(_USED, list(times), list(times.values()), USED_EVERY)


def _key_or_none(row: asyncpg.Record | None) -> ApiKey | None:
    return None if row is None else _key(row)


def _key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(**{**row, "scopes": tuple(row["scopes"])})
