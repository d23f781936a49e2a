"""The connection to NATS: waits for a server that starts, and reconnects for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from ignis.errors import Unavailable
from ignis.server.limits import MAX_MESSAGE
from ignis.server.logs import get_logger

START_LIMIT = 30.0  # seconds that a starting service waits for NATS
RETRY_EVERY = 0.2  # seconds
MAX_SEEN = 20  # errors that are remembered, so that each is told once

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
        await _close(client)


async def ping(connection: Nats) -> None:
    """Ask JetStream for an answer."""
    await connection.jetstream.account_info()


async def _open(url: str, name: str) -> Client:
    client = Client()
    diary = _Diary(client)
    try:
        # The client tries for ever, also the first time: the limit is ours.
        async with asyncio.timeout(START_LIMIT):
            await client.connect(
                url.split(","),
                name=f"ignis-{name}",
                allow_reconnect=True,
                max_reconnect_attempts=-1,
                reconnect_time_wait=RETRY_EVERY,  # type: ignore[arg-type]  # it takes parts of a second
                connect_timeout=2,
                error_cb=diary.on_error,
                disconnected_cb=diary.on_disconnect,
                reconnected_cb=diary.on_reconnect,
            )
    except (OSError, nats.errors.Error, TimeoutError) as error:
        await _close(client)
        raise Unavailable(
            "NATS_UNAVAILABLE", f"No NATS server let us in ({diary.told}); check NATS_URL."
        ) from error
    return client


async def _close(client: Client) -> None:
    with suppress(OSError, nats.errors.Error):  # what it had still to send has nowhere to go
        await client.close()


class _Diary:
    """Logs what happens to a connection; what happens at every attempt, once."""

    def __init__(self, client: Client) -> None:
        self._seen: list[str] = []
        self._client = client

    @property
    def told(self) -> str:
        """What went wrong since it was last connected."""
        return "; ".join(self._seen) or "none answered"

    async def on_error(self, error: Exception) -> None:
        told = str(error) or repr(error)
        if told not in self._seen:
            log.warning("NATS", error=told)
            self._seen = [*self._seen[-MAX_SEEN:], told]

    async def on_disconnect(self) -> None:
        if not self._client.is_closed:
            log.warning("NATS is disconnected")

    async def on_reconnect(self) -> None:
        self._seen.clear()
        log.info("NATS is connected again")
