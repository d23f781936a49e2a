"""When keys were last used, written in batches and off the path of requests."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from ignis.auth.metrics import AuthMetrics
from ignis.auth.models import ApiKey
from ignis.server.logs import get_logger

FLUSH_EVERY = 2.0  # seconds
NOTED_EVERY = timedelta(minutes=1)  # a key's time is written no more often

log = get_logger()


class UsageStore(Protocol):
    """Where the times are kept."""

    async def used(self, times: Mapping[str, datetime]) -> None:
        """Remember when keys were last used."""
        ...


class Usage:
    """Collects the times of use, and writes them every few seconds."""

    def __init__(self, store: UsageStore, metrics: AuthMetrics) -> None:
        self._store = store
        self._metrics = metrics
        self._noted: dict[str, datetime] = {}

    def note(self, key: ApiKey, now: datetime) -> None:
        """Remember that a key, as it was just read from the store, was used."""
        if key.last_used_at is None or key.last_used_at <= now - NOTED_EVERY:
            self._noted[key.id] = now

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            await self.flush()

    async def flush(self) -> None:
        """Write what was noted; what can't be written now is tried again with the next."""
        batch, self._noted = self._noted, {}
        if not batch:
            return
        try:
            await self._store.used(dict(sorted(batch.items())))
        except Exception as error:  # noqa: BLE001 - a time of use is not worth a service
            self._noted = batch | self._noted
            self._metrics.uses_written.labels("failed").inc()
            log.warning("times of use could not be written", error=repr(error), keys=len(batch))
        else:
            self._metrics.uses_written.labels("ok").inc()
