"""Key management: each user makes, sees, changes and removes keys of their own."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from ignis.auth import keys
from ignis.auth.models import ApiKey, KeyChanges, KeyDraft, Page
from ignis.auth.validation import KeyRules, checked_page
from ignis.errors import NotFound
from ignis.server.ids import is_id, new_id
from ignis.server.settings import Environment


class KeyStore(Protocol):
    """Where keys are kept. Every method raises Unavailable while it is away."""

    async def insert(self, key: ApiKey, digest: bytes, nonce: str) -> ApiKey:
        """Keep a new key and the SHA-256 of its secret.

        When the owner's request of this nonce has made a key before, that key gets
        the new secret, and it is returned instead.
        """
        ...

    async def page(self, owner: str, before: str, limit: int) -> list[ApiKey]:
        """Up to `limit` keys of an owner, newest first, older than the id `before` unless empty."""
        ...

    async def get(self, owner: str, key_id: str) -> ApiKey | None:
        """A key, if it is the owner's."""
        ...

    async def update(
        self, owner: str, key_id: str, changes: KeyChanges, now: datetime
    ) -> ApiKey | None:
        """Change a key, if it is the owner's, and return what it is now."""
        ...

    async def delete(self, owner: str, key_id: str) -> bool:
        """Remove a key, if it is the owner's; tells whether there was one."""
        ...


def utc_now() -> datetime:
    """The time, as keys have it."""
    return datetime.now(UTC)


class KeyService:
    """Keys, as their owners manage them. Someone else's key is not found."""

    def __init__(
        self,
        store: KeyStore,
        rules: KeyRules,
        environment: Environment,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._rules = rules
        self._environment = environment
        self._now = now

    async def create(self, owner: str, draft: KeyDraft, nonce: str) -> tuple[ApiKey, str]:
        """Make a key; returns it and its secret, which nobody can get again.

        Args:
            owner: whose key.
            draft: what it should be.
            nonce: names the client's request; the gateway may repeat one.

        Raises:
            InvalidArgument: the draft is wrong.
        """
        now = self._now()
        wanted = self._rules.checked_draft(draft, now)
        limit = self._rules.rate_limit_default if wanted.rate_limit is None else wanted.rate_limit
        secret = keys.generate(self._environment)
        key = ApiKey(
            id=new_id(),
            owner=owner,
            name=wanted.name,
            prefix=secret.prefix,
            last_four=secret.last_four,
            scopes=wanted.scopes,
            rate_limit=limit,
            is_active=True,
            expires_at=wanted.expires_at,
            last_used_at=None,
            created_at=now,
            updated_at=now,
        )
        return await self._store.insert(key, secret.digest, nonce), secret.text

    async def page(self, owner: str, limit: int, cursor: str) -> Page:
        """List the owner's keys, newest first.

        Args:
            owner: whose keys.
            limit: 1 to 100; 0 means 20.
            cursor: `next_cursor` of the page before, or empty.

        Raises:
            InvalidArgument: limit or cursor is wrong.
        """
        limit = checked_page(limit, cursor)
        found = await self._store.page(owner, cursor, limit + 1)
        shown = tuple(found[:limit])
        return Page(shown, limit, shown[-1].id if len(found) > limit else "")

    async def get(self, owner: str, key_id: str) -> ApiKey:
        """Find one key.

        Raises:
            NotFound: there is none of that id, or it is someone else's.
        """
        found = await self._store.get(owner, key_id) if is_id(key_id) else None
        return _required(found)

    async def update(self, owner: str, key_id: str, changes: KeyChanges) -> ApiKey:
        """Change a key; in force with the next request.

        Raises:
            InvalidArgument: the changes are wrong.
            NotFound: there is none of that id, or it is someone else's.
        """
        now = self._now()
        wanted = self._rules.checked_changes(changes, now)
        if not is_id(key_id) or wanted == KeyChanges():
            return await self.get(owner, key_id)
        return _required(await self._store.update(owner, key_id, wanted, now))

    async def delete(self, owner: str, key_id: str) -> None:
        """Remove a key; it stops working with the next request.

        Raises:
            NotFound: there is none of that id, or it is someone else's.
        """
        if not is_id(key_id) or not await self._store.delete(owner, key_id):
            raise _not_found()


def _required(key: ApiKey | None) -> ApiKey:
    if key is None:
        raise _not_found()
    return key


def _not_found() -> NotFound:
    return NotFound("API_KEY_NOT_FOUND", "You have no API key of this id; list your keys.")
