"""Endpoints of users, and what has to be sent to them."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ignis.errors import NotFound, ResourceExhausted
from ignis.server.ids import is_id, new_id
from ignis.webhook import payload, validation
from ignis.webhook.models import Changes, JobEvent, NewWebhook, Page, Rules, Webhook

SECRET_BYTES = 32  # as long as the hash that it keys; Standard Webhooks asks for 24 to 64
CLEANUP_BATCH = 1000  # rows, so that no statement holds its locks for long


class WebhookStore(Protocol):
    """Where endpoints are kept; someone else's is as good as none."""

    async def add(self, webhook: Webhook, nonce: str, limit: int) -> Webhook | None:
        """Keep an endpoint; returns the one that is kept.

        Args:
            webhook: the endpoint.
            nonce: the request that makes it; the same owner's same nonce
                makes one endpoint. Empty for none.
            limit: how many its owner may have; None is returned above it.
        """
        ...

    async def list(self, owner: str, limit: int, before: str) -> Sequence[Webhook]:
        """Up to `limit` endpoints, newest first; from below the id `before` if given."""
        ...

    async def get(self, owner: str, webhook_id: str) -> Webhook | None:
        """One endpoint, or None."""
        ...

    async def update(
        self, owner: str, webhook_id: str, changes: Changes, now: datetime
    ) -> Webhook | None:
        """Change an endpoint; returns it as it is then, or None."""
        ...

    async def delete(self, owner: str, webhook_id: str) -> bool:
        """Remove an endpoint with its deliveries; False when there was none."""
        ...


class DeliveryStore(Protocol):
    """Where it is kept what has to be sent."""

    async def add(self, event: JobEvent, body: bytes) -> int:
        """Keep one delivery for every active endpoint that chose the event.

        Returns how many are new: an endpoint gets the same event once.
        """
        ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` deliveries made before a time; returns how many."""
        ...


class Webhooks:
    """The endpoints of every user; each sees their own alone."""

    def __init__(self, store: WebhookStore, rules: Rules) -> None:
        self._store = store
        self._rules = rules

    async def create(self, owner: str, new: NewWebhook, nonce: str) -> Webhook:
        """Make an endpoint.

        Raises:
            InvalidArgument: with everything that is wrong with it.
            ResourceExhausted: the owner has as many as one may have.
        """
        validation.check_new(new, self._rules)
        now = datetime.now(UTC)
        webhook = Webhook(
            id=new_id(),
            owner=owner,
            url=new.url,
            events=new.events,
            description=new.description,
            secret=secrets.token_bytes(SECRET_BYTES),
            is_active=True,
            created_at=now,
            updated_at=now,
        )
        limit = self._rules.max_endpoints
        kept = await self._store.add(webhook, nonce, limit)
        if kept is None:
            raise ResourceExhausted(
                "WEBHOOK_LIMIT_REACHED", f"You have {limit} webhooks; delete one first."
            )
        return kept

    async def list(self, owner: str, limit: int, cursor: str) -> Page:
        """List endpoints, newest first; limit 0 is the default.

        Raises:
            InvalidArgument: for a limit above 100 or a cursor that is none.
        """
        size = validation.page_size(limit, cursor)
        found = await self._store.list(owner, size + 1, cursor)
        page = tuple(found[:size])
        return Page(page, size, page[-1].id if len(found) > size else "")

    async def get(self, owner: str, webhook_id: str) -> Webhook:
        """Get an endpoint.

        Raises:
            NotFound: the owner has none of that id.
        """
        return _found(await self._store.get(owner, _checked(webhook_id)))

    async def update(self, owner: str, webhook_id: str, changes: Changes) -> Webhook:
        """Change an endpoint.

        Raises:
            InvalidArgument: with everything that is wrong with the changes.
            NotFound: the owner has none of that id.
        """
        validation.check_changes(changes, self._rules)
        if changes == Changes():
            return await self.get(owner, webhook_id)
        now = datetime.now(UTC)
        return _found(await self._store.update(owner, _checked(webhook_id), changes, now))

    async def delete(self, owner: str, webhook_id: str) -> None:
        """Remove an endpoint, and what was to be sent to it.

        Raises:
            NotFound: the owner has none of that id.
        """
        if not await self._store.delete(owner, _checked(webhook_id)):
            raise _missing()


class Deliveries:
    """What has to be sent, and what was."""

    def __init__(self, store: DeliveryStore, retention: timedelta) -> None:
        self._store = store
        self._retention = retention

    async def record(self, event: JobEvent) -> int:
        """Write down what has to be sent; returns how many deliveries are new."""
        return await self._store.add(event, payload.body(event))

    async def forget_old(self, now: datetime) -> int:
        """Remove all that is older than the retention; returns how many."""
        forgotten = 0
        while True:
            batch = await self._store.forget(now - self._retention, CLEANUP_BATCH)
            forgotten += batch
            if batch < CLEANUP_BATCH:
                return forgotten


def _checked(webhook_id: str) -> str:
    if not is_id(webhook_id):
        raise _missing()
    return webhook_id


def _found(webhook: Webhook | None) -> Webhook:
    if webhook is None:
        raise _missing()
    return webhook


def _missing() -> NotFound:
    return NotFound(
        "WEBHOOK_NOT_FOUND", "You have no webhook of this id; list yours to see which you have."
    )
