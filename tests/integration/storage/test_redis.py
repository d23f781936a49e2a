"""The client of Redis."""

import time

import pytest
from redis.exceptions import RedisError
from tests.servers import Server

from ignis.local.ports import Ports
from ignis.server.settings import RedisSettings
from ignis.storage import redis


def settings(url: str) -> RedisSettings:
    """What a service would read from its environment."""
    return RedisSettings.model_validate({"redis_url": url})


async def test_a_server_answers(valkey: Server) -> None:
    """A ping of a server that is there succeeds, and values come back."""
    async with redis.connect(settings(valkey.url)) as client:
        await redis.ping(client)
        await client.set("a", b"1", ex=5)

        assert b"1" == await client.get("a")


async def test_one_that_is_away_is_told_at_once() -> None:
    """A start needs no Redis, and a ping without one fails without waiting."""
    with Ports() as ports:
        url = f"redis://127.0.0.1:{ports.take()}/0"
        began = time.monotonic()
        async with redis.connect(settings(url)) as client:
            with pytest.raises(RedisError):
                await redis.ping(client)

    assert time.monotonic() - began < 2
