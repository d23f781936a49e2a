"""The stores of the webhook service in memory, for tests of what stands on them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ignis.webhook.models import EVERY_JOB_EVENT, Changes, JobEvent, Webhook


class MemoryWebhooks:
    """Endpoints in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, Webhook] = {}
        self._nonces: dict[tuple[str, str], str] = {}

    async def add(self, webhook: Webhook, nonce: str, limit: int) -> Webhook | None:
        """Keep an endpoint, or find the one that the same request made before."""
        known = self._nonces.get((webhook.owner, nonce), "")
        if nonce and known in self.kept:
            return self.kept[known]
        if sum(kept.owner == webhook.owner for kept in self.kept.values()) >= limit:
            return None
        self._nonces[webhook.owner, nonce] = webhook.id
        self.kept[webhook.id] = webhook
        return webhook

    async def list(self, owner: str, limit: int, before: str) -> Sequence[Webhook]:
        """Endpoints by id, downwards."""
        found = [
            webhook
            for webhook in self.kept.values()
            if webhook.owner == owner and (not before or webhook.id < before)
        ]
        return sorted(found, key=lambda webhook: webhook.id, reverse=True)[:limit]

    async def get(self, owner: str, webhook_id: str) -> Webhook | None:
        """One endpoint, or None."""
        webhook = self.kept.get(webhook_id)
        return webhook if webhook and webhook.owner == owner else None

    async def update(
        self, owner: str, webhook_id: str, changes: Changes, now: datetime
    ) -> Webhook | None:
        """Change what is not None."""
        webhook = await self.get(owner, webhook_id)
        if webhook is None:
            return None
        self.kept[webhook_id] = replace(
            webhook,
            url=webhook.url if changes.url is None else changes.url,
            events=webhook.events if changes.events is None else changes.events,
            description=(
                webhook.description if changes.description is None else changes.description
            ),
            is_active=webhook.is_active if changes.is_active is None else changes.is_active,
            updated_at=now,
        )
        return self.kept[webhook_id]

    async def delete(self, owner: str, webhook_id: str) -> bool:
        """Remove an endpoint."""
        if await self.get(owner, webhook_id) is None:
            return False
        del self.kept[webhook_id]
        return True


class MemoryDeliveries:
    """What has to be sent, in a dictionary."""

    def __init__(self, webhooks: MemoryWebhooks) -> None:
        self.kept: dict[tuple[str, str], tuple[bytes, datetime]] = {}
        self._webhooks = webhooks

    async def add(self, event: JobEvent, body: bytes) -> int:
        """Keep one delivery for each endpoint that wants the event and hasn't got it."""
        new = [
            (webhook.id, event.id)
            for webhook in self._webhooks.kept.values()
            if webhook.owner == event.owner
            and webhook.is_active
            and {event.type.value, EVERY_JOB_EVENT} & set(webhook.events)
            and (webhook.id, event.id) not in self.kept
        ]
        self.kept.update(dict.fromkeys(new, (body, datetime.now(UTC))))
        return len(new)

    async def forget(self, before: datetime, limit: int) -> int:
        """Remove the oldest."""
        old = [key for key, (_, made) in self.kept.items() if made < before][:limit]
        for key in old:
            del self.kept[key]
        return len(old)
