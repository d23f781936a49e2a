"""The connection to NATS: waits for a server that starts, and reconnects for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import nats
import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from ignis.errors import Unavailable
from ignis.server.limits import MAX_MESSAGE
from ignis.server.logs import get_logger

START_LIMIT = 30.0  # seconds that a starting service waits for NATS
RETRY_EVERY = 0.2  # seconds

log = get_logger()


@dataclass(frozen=True, slots=True)
class Nats:
    """A connection, and JetStream on it."""

    client: Client
    jetstream: JetStreamContext


@asynccontextmanager
async def connect(url: str, name: str) -> AsyncIterator[Nats]:
    """Connect.

    Args:
        url: one or more `nats://user:password@host:port`, separated by commas.
        name: the service, as NATS's own monitoring shows it.

    Raises:
        Unavailable: there was no server within START_LIMIT, or its
            `max_payload` is below 8 MiB.
    """
    client = await _open(url, name)
    try:
        if client.max_payload < MAX_MESSAGE:
            raise Unavailable("NATS_PAYLOAD_TOO_SMALL", "Set max_payload: 8MB in NATS.")
        yield Nats(client, client.jetstream())
    finally:
        await client.close()


async def ping(connection: Nats) -> None:
    """Ask JetStream for an answer."""
    await connection.jetstream.account_info()


async def _open(url: str, name: str) -> Client:
    deadline = asyncio.get_running_loop().time() + START_LIMIT
    while True:
        try:
            return await nats.connect(
                url.split(","),
                name=f"ignis-{name}",
                allow_reconnect=True,
                max_reconnect_attempts=-1,
                reconnect_time_wait=RETRY_EVERY,
                connect_timeout=2,
                error_cb=_on_error,
                disconnected_cb=_on_disconnect,
                reconnected_cb=_on_reconnect,
            )
        except (OSError, nats.errors.Error, TimeoutError) as error:
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable(
                    "NATS_UNAVAILABLE", "No NATS server answered; check NATS_URL."
                ) from error
            log.info("waiting for NATS", error=repr(error))
            await asyncio.sleep(RETRY_EVERY)


async def _on_error(error: Exception) -> None:
    log.warning("NATS", error=repr(error))


async def _on_disconnect() -> None:
    log.warning("NATS is disconnected")


async def _on_reconnect() -> None:
    log.info("NATS is connected again")
