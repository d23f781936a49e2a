"""Rate limits: the generic cell rate algorithm, in memory and in Redis.

A key with a limit of N a minute may send N requests at once, and then one
every 60/N seconds. What is kept is one time per key: the theoretical arrival
time (TAT), at which everything that was allowed has drained.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

PERIOD = 60.0  # seconds
_CONNECTIONS = 8  # calls at once, and so connections: Redis takes one after another anyway
_SWEEP_ABOVE = 10_000  # keys in memory; those that have drained are then forgotten


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether one more request is allowed."""

    allowed: bool
    limit: int  # requests per minute, and at once
    remaining: int  # requests that would be allowed right now
    reset: float  # seconds until all of the limit is there again
    retry_after: float  # seconds until the next request is allowed; 0 when this one is


class MemoryLimits:
    """Limits that this process alone keeps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tats: dict[str, float] = {}
        self._sweep_at = _SWEEP_ABOVE

    def take(self, key: str, limit: int) -> Decision:
        """Count one request of a key."""
        now = self._clock()
        tat = max(self._tats.get(key, now), now)
        advanced = tat + PERIOD / limit
        if advanced - now <= PERIOD:
            self._tats[key] = tat = advanced
            self._sweep(now)
            return decision(limit, tat - now, retry_after=0)
        return decision(limit, tat - now, retry_after=advanced - now - PERIOD)

    def _sweep(self, now: float) -> None:
        if len(self._tats) > self._sweep_at:
            self._tats = {key: tat for key, tat in self._tats.items() if tat > now}
            self._sweep_at = max(_SWEEP_ABOVE, 2 * len(self._tats))


# Microseconds, as doubles hold them exactly until the year 2255. `SET` rounds to
# a hundredth, since Lua would otherwise write 14 digits alone.
SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local period = 60000000
local limit = tonumber(ARGV[1])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local advanced = tat + period / limit
if advanced - now > period then
  return {math.ceil(tat - now), math.ceil(advanced - now - period)}
end
local lifetime = math.ceil((advanced - now) / 1000)
redis.call('SET', KEYS[1], string.format('%.2f', advanced), 'PX', lifetime)
return {math.ceil(advanced - now), 0}
"""


class Script(Protocol):
    """A script that Redis has."""

    def __call__(self, *, keys: list[str], args: list[int]) -> Awaitable[list[int]]:
        """Run it."""
        ...


class RedisLimits:
    """Limits that all replicas share."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._free = asyncio.Semaphore(_CONNECTIONS)

    async def take(self, key: str, limit: int) -> Decision:
        """Count one request of a key.

        Raises:
            Exception: whatever Redis's client raises while Redis is away.
        """
        async with self._free:
            drained, wait = await self._script(keys=[f"ignis:limit:{key}"], args=[limit])
        return decision(limit, drained / 1e6, retry_after=wait / 1e6)


def decision(limit: int, drained: float, *, retry_after: float) -> Decision:
    """Tell what follows from the time (seconds) after which all has drained."""
    # The small part keeps 59.999…9 from costing a whole request.
    remaining = max(0, math.floor((PERIOD - drained) * limit / PERIOD + 1e-6))
    return Decision(retry_after == 0, limit, remaining, drained, retry_after)
