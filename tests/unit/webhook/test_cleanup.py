"""Forgetting what is old."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from ignis.errors import Unavailable
from ignis.server.metrics import Metrics
from ignis.webhook import cleanup
from ignis.webhook.models import JobEvent
from ignis.webhook.service import Deliveries


class Flaky:
    """A store that is away the first time."""

    def __init__(self) -> None:
        self.asked = 0
        self.answered = asyncio.Event()

    async def add(self, event: JobEvent, body: bytes) -> int:
        """Nothing is added here."""
        raise AssertionError(event, body)

    async def forget(self, before: datetime, limit: int) -> int:
        """Fail once, then forget three."""
        assert limit > 3, before
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("DATABASE_UNAVAILABLE", "It is away.")
        self.answered.set()
        return 3


async def test_it_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure is no end: the next round does what the first could not."""
    monkeypatch.setattr(cleanup, "EVERY", 0.001)
    store, metrics = Flaky(), Metrics("webhook")
    task = asyncio.create_task(
        cleanup.forget_for_ever(Deliveries(store, timedelta(days=1)), metrics)
    )
    try:
        await asyncio.wait_for(store.answered.wait(), 5)
        await asyncio.sleep(0)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    assert b"ignis_webhook_deliveries_forgotten_total 3.0" in metrics.render()
