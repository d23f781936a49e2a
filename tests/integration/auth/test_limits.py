"""The rate limit in Valkey, which counts as the one in memory does."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from tests.servers import Server

from ignis.auth.gcra import SCRIPT, MemoryLimits, RedisLimits


class Shared:
    """Limits in Valkey, and the client that they stand on."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.limits = RedisLimits(client.register_script(SCRIPT))
        self.key = secrets.token_hex(6)


@pytest.fixture(name="shared")
async def shared_fixture(valkey: Server) -> AsyncIterator[Shared]:
    """Limits under a key that nobody has used."""
    async with Redis.from_url(valkey.url) as client:  # patient, unlike the service's
        yield Shared(client)


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_a_burst_is_the_limit(shared: Shared, limit: int) -> None:
    """Exactly as many requests as the limit are let in at once, counted down as in memory."""
    memory = MemoryLimits()
    for _ in range(limit):
        here, there = await shared.limits.take(shared.key, limit), memory.take("a", limit)
        assert (here.allowed, here.limit) == (there.allowed, there.limit)
        assert abs(here.remaining - there.remaining) <= 1
        assert here.reset == pytest.approx(there.reset, abs=2)
    refused = await shared.limits.take(shared.key, limit)

    assert (refused.allowed, refused.remaining) == (False, 0)
    assert refused.retry_after == pytest.approx(60 / limit, abs=2)


async def test_callers_at_once_share_the_limit(shared: Shared) -> None:
    """A script call is one step: nobody slips through between reading and writing."""
    decisions = await asyncio.gather(*(shared.limits.take(shared.key, 10) for _ in range(50)))

    assert sum(decision.allowed for decision in decisions) == 10
    clients = (await shared.client.info("clients"))["connected_clients"]
    assert clients <= 10  # and nobody opens a connection each


async def test_waiting_as_told_is_enough(shared: Shared) -> None:
    """Whoever comes back after retry_after is let in."""
    for _ in range(600):
        await shared.limits.take(shared.key, 600)
    while (refused := await shared.limits.take(shared.key, 600)).allowed:
        pass
    await asyncio.sleep(refused.retry_after)

    assert (await shared.limits.take(shared.key, 600)).allowed


async def test_small_steps_add_up(shared: Shared) -> None:
    """At a million a minute every request still counts: 60 microseconds each."""
    for _ in range(20):
        before = await shared.limits.take(shared.key, 1_000_000)
    drained = await shared.client.get(f"ignis:limit:{shared.key}")

    assert before.remaining < 1_000_000
    assert isinstance(drained, bytes)
    assert len(drained.split(b".")[0]) == 16  # microseconds, none of them rounded away


async def test_nothing_is_kept_of_an_idle_key(shared: Shared) -> None:
    """What is stored ends when it has drained."""
    await shared.limits.take(shared.key, 60)
    lifetime = await shared.client.pttl(f"ignis:limit:{shared.key}")

    assert 0 < lifetime <= 1000


async def test_a_script_that_was_forgotten_is_loaded_again(shared: Shared) -> None:
    """A server that was restarted has no scripts."""
    await shared.limits.take(shared.key, 10)
    await shared.client.script_flush()

    assert (await shared.limits.take(shared.key, 10)).remaining == 8
