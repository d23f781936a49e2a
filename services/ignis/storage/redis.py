"""Redis or Valkey: nothing that must not be lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ignis.server.settings import RedisSettings

LIMIT = 0.25  # seconds; whoever asks has something better to do than wait


@asynccontextmanager
async def connect(settings: RedisSettings) -> AsyncIterator[Redis]:
    """Make a client. It connects when it is used, and again after a failure."""
    client = Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=LIMIT,
        socket_connect_timeout=LIMIT,
        retry=Retry(NoBackoff(), 1),
    )
    try:
        yield client
    finally:
        await client.aclose()


async def ping(client: Redis) -> None:
    """Ask for an answer."""
    await client.ping()
