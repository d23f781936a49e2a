"""What the auth service stands on, in memory, for tests of what stands on it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ignis.auth.metrics import AuthMetrics
from ignis.auth.models import ApiKey, KeyChanges
from ignis.server.metrics import Metrics

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def metrics() -> AuthMetrics:
    """New metrics, in a registry of their own."""
    return AuthMetrics(Metrics("auth"))


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """The time in seconds."""
        return self.seconds

    def now(self) -> datetime:
        """The same as a time of the calendar."""
        return NOW + timedelta(seconds=self.seconds)


class MemoryKeys:
    """Keys in a dictionary; behaves as PostgresKeys."""

    def __init__(self) -> None:
        self.kept: dict[str, ApiKey] = {}
        self.digests: dict[bytes, str] = {}
        self.nonces: dict[tuple[str, str], str] = {}

    async def insert(self, key: ApiKey, digest: bytes, nonce: str) -> ApiKey:
        """Keep a new key, or give the one of the same request its secret."""
        known = self.kept.get(self.nonces.get((key.owner, nonce), ""))
        if known is not None:
            key = replace(known, prefix=key.prefix, last_four=key.last_four)
        self.nonces[key.owner, nonce] = key.id
        self.digests = {d: i for d, i in self.digests.items() if i != key.id} | {digest: key.id}
        self.kept[key.id] = key
        return key

    async def page(self, owner: str, before: str, limit: int) -> list[ApiKey]:
        """Keys of an owner, newest first."""
        found = [
            key
            for key in self.kept.values()
            if key.owner == owner and (not before or key.id < before)
        ]
        return sorted(found, key=lambda key: key.id, reverse=True)[:limit]

    async def get(self, owner: str, key_id: str) -> ApiKey | None:
        """A key, if it is the owner's."""
        key = self.kept.get(key_id)
        return key if key is not None and key.owner == owner else None

    async def by_digest(self, digest: bytes) -> ApiKey | None:
        """The key of a secret."""
        return self.kept.get(self.digests.get(digest, ""))

    async def update(
        self, owner: str, key_id: str, changes: KeyChanges, now: datetime
    ) -> ApiKey | None:
        """Change what is given."""
        key = await self.get(owner, key_id)
        if key is None:
            return None
        self.kept[key_id] = replace(
            key,
            name=key.name if changes.name is None else changes.name,
            scopes=changes.scopes or key.scopes,
            rate_limit=key.rate_limit if changes.rate_limit is None else changes.rate_limit,
            is_active=key.is_active if changes.is_active is None else changes.is_active,
            expires_at=key.expires_at if changes.expires_at is None else changes.expires_at,
            updated_at=now,
        )
        return self.kept[key_id]

    async def delete(self, owner: str, key_id: str) -> bool:
        """Remove a key."""
        if await self.get(owner, key_id) is None:
            return False
        del self.kept[key_id]
        return True

    async def used(self, times: Mapping[str, datetime]) -> None:
        """Remember times of use, no more than once a minute a key."""
        for key_id, at in times.items():
            key = self.kept.get(key_id)
            if key is None:
                continue
            if key.last_used_at is None or key.last_used_at <= at - timedelta(minutes=1):
                self.kept[key_id] = replace(key, last_used_at=at)
