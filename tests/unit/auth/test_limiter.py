"""Redis's limits while it answers, this process's own while it does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from structlog.testing import capture_logs
from tests.unit.auth.memory import Clock, metrics
from tests.waiting import until

from ignis.auth import limiter as module
from ignis.auth.gcra import Decision, MemoryLimits
from ignis.auth.limiter import Limiter


class Redis:
    """A Redis that a test takes away."""

    def __init__(self) -> None:
        self.limits = MemoryLimits(Clock())
        self.error: Exception | None = None
        self.hangs = False
        self.asked = 0

    async def take(self, key: str, limit: int) -> Decision:
        """Count one request."""
        await self.ping()
        return self.limits.take(key, limit)

    async def ping(self) -> None:
        """Answer, hang, or fail."""
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error


class Bench:
    """A limiter on a Redis, with its metrics."""

    def __init__(self) -> None:
        self.redis = Redis()
        self.metrics = metrics()
        self.limiter = Limiter(self.redis, self.redis.ping, self.metrics, MemoryLimits(Clock()))

    def gauge(self) -> float:
        """What the metric says: 1 for Redis."""
        return float(self.metrics.redis._value.get())


@pytest.fixture(name="bench")
async def bench_fixture(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """A limiter that watches, with its waits shortened."""
    monkeypatch.setattr(module, "RETRY_EVERY", 0.01)
    monkeypatch.setattr(module, "REDIS_LIMIT", 0.05)
    bench = Bench()
    watching = asyncio.create_task(bench.limiter.watch())
    yield bench
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


async def test_redis_counts_while_it_answers(bench: Bench) -> None:
    """The shared limits are the ones that are used."""
    await bench.limiter.take("a", 10)

    assert (await bench.limiter.take("a", 10)).remaining == 8
    assert (bench.redis.asked, bench.gauge()) == (2, 1)


async def test_memory_takes_over_at_once(bench: Bench) -> None:
    """The very request that finds Redis away is counted, and the limit still holds."""
    bench.redis.error = OSError("away")
    with capture_logs() as logs:
        decisions = [await bench.limiter.take("a", 3) for _ in range(5)]

    assert [decision.allowed for decision in decisions] == [True, True, True, False, False]
    assert [log["log_level"] for log in logs] == ["warning"]
    assert bench.gauge() == 0


async def test_a_hanging_redis_is_away(bench: Bench) -> None:
    """One request waits for it, for a moment; those after it don't."""
    bench.redis.hangs = True
    began = asyncio.get_running_loop().time()
    assert (await bench.limiter.take("a", 3)).allowed
    asked = bench.redis.asked
    for _ in range(100):
        await bench.limiter.take("a", 3)

    assert bench.redis.asked == asked
    assert asyncio.get_running_loop().time() - began < 5


async def test_redis_takes_over_again(bench: Bench) -> None:
    """Once it answers, limits are shared again, with one line and the metric to say so."""
    bench.redis.error = OSError("away")
    await bench.limiter.take("a", 10)
    with capture_logs() as logs:
        bench.redis.error = None
        await until(lambda: bench.gauge() == 1)

    assert [log["log_level"] for log in logs] == ["info"]
    assert (await bench.limiter.take("a", 10)).remaining == 9


async def test_a_redis_that_stays_away_is_asked_in_the_background(bench: Bench) -> None:
    """Failing pings keep memory in charge, and say nothing more."""
    bench.redis.error = OSError("away")
    with capture_logs() as logs:
        await bench.limiter.take("a", 10)
        await until(lambda: bench.redis.asked > 5)

    assert len(logs) == 1
    assert bench.gauge() == 0


async def test_failures_at_once_tell_of_it_once(bench: Bench) -> None:
    """A hundred requests that wait for a Redis that hangs write one line."""
    bench.redis.hangs = True
    with capture_logs() as logs:
        await asyncio.gather(*(bench.limiter.take("a", 10) for _ in range(100)))

    assert len(logs) == 1
