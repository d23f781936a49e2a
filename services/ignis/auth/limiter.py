"""Which limits count: Redis's while it answers, this process's own while it does not."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from ignis.auth.gcra import Decision, MemoryLimits
from ignis.auth.metrics import AuthMetrics
from ignis.server.logs import get_logger

REDIS_LIMIT = 0.25  # seconds; who takes longer is away
RETRY_EVERY = 1.0  # seconds

log = get_logger()


class SharedLimits(Protocol):
    """Limits that all replicas share, and that may be away."""

    async def take(self, key: str, limit: int) -> Decision:
        """Count one request of a key."""
        ...


class Limiter:
    """Counts requests; never lets Redis keep a request waiting for long.

    While Redis is away each replica allows the whole limit.
    """

    def __init__(
        self,
        shared: SharedLimits,
        ping: Callable[[], Awaitable[object]],
        metrics: AuthMetrics,
        memory: MemoryLimits | None = None,
    ) -> None:
        self._shared = shared
        self._ping = ping
        self._metrics = metrics
        self._memory = memory or MemoryLimits()
        self._away = asyncio.Event()
        metrics.redis.set(1)

    async def take(self, key: str, limit: int) -> Decision:
        """Count one request of a key, wherever that is possible."""
        if not self._away.is_set():
            try:
                async with asyncio.timeout(REDIS_LIMIT):
                    decision = await self._shared.take(key, limit)
            except Exception as error:  # noqa: BLE001 - whatever it was, a limit must still be had
                self._leave(error)
            else:
                self._metrics.limited.labels("redis").inc()
                return decision
        self._metrics.limited.labels("memory").inc()
        return self._memory.take(key, limit)

    async def watch(self) -> None:
        """Go back to Redis whenever it answers again, for ever."""
        while True:
            await self._away.wait()
            await asyncio.sleep(RETRY_EVERY)
            await self._come_back()

    def _leave(self, error: Exception) -> None:
        if not self._away.is_set():
            self._away.set()
            self._metrics.redis.set(0)
            log.warning("Redis is away: this replica limits by itself", error=repr(error))

    async def _come_back(self) -> None:
        try:
            async with asyncio.timeout(REDIS_LIMIT):
                await self._ping()
        except Exception:  # noqa: BLE001 - still away
            return
        self._away.clear()
        self._metrics.redis.set(1)
        log.info("Redis is back: limits are shared again")
