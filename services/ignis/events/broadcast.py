"""Messages as they pass, to every replica: nothing is kept, nothing is repeated."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from nats.aio.msg import Msg

from ignis.events.connection import Nats
from ignis.server.context import REQUEST_ID_HEADER, new_request_id, request_id
from ignis.server.logs import get_logger

log = get_logger()


@asynccontextmanager
async def listen(
    connection: Nats, subject: str, handle: Callable[[bytes], Awaitable[None]]
) -> AsyncIterator[None]:
    """Hand every message of a subject to a handler, one after the other."""

    async def receive(message: Msg) -> None:
        request_id.set((message.headers or {}).get(REQUEST_ID_HEADER) or new_request_id())
        try:
            await handle(message.data)
        except Exception:  # the subscription must outlive whatever a handler does
            log.exception("a broadcast could not be handled", subject=message.subject)

    subscription = await connection.client.subscribe(subject, cb=receive)
    try:
        yield
    finally:
        if connection.client.is_connected:
            await subscription.unsubscribe()
