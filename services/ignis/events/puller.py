"""Pulls messages one by one, and lets go of none that is on its way when it ends."""

import asyncio
import json
from contextlib import suppress
from typing import Self

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext

from ignis.events.connection import Nats

PULL_LIMIT = 5.0  # seconds one pull waits; a server that restarted forgets older ones
ANSWER_LIMIT = 1.0  # seconds more in which the server says that nothing came
CLOSE_LIMIT = 2.0  # seconds for the server to hear that no more is wanted
NOTHING_CAME = {"404", "408"}


class PullRefused(Exception):  # noqa: N818 - it is news of the server, and tried again
    """The server would not take a pull: there is no such consumer, or it shuts down."""


class Puller:
    """Has at most one pull open at a time, and hands out what it brings."""

    def __init__(self, connection: Nats, stream: str, durable: str) -> None:
        self._client = connection.client
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._inbox = self._client.new_inbox()
        self._arrived: asyncio.Queue[Msg | None] = asyncio.Queue()
        self._subscription: Subscription | None = None

    async def open(self) -> Self:
        """Begin to listen for what pulls bring."""
        self._subscription = await self._client.subscribe(self._inbox, cb=self._arrived.put)
        return self

    async def pull(self) -> Msg | None:
        """Wait for a message; None when none came, or there will be none any more.

        Raises:
            PullRefused: the server would not take the pull.
        """
        if self._arrived.empty():
            request = {"batch": 1, "expires": round(PULL_LIMIT * 1e9)}
            await self._client.publish(self._next, json.dumps(request).encode(), self._inbox)
        try:
            async with asyncio.timeout(PULL_LIMIT + ANSWER_LIMIT):
                message = await self._arrived.get()
        except TimeoutError:
            return None
        status = JetStreamContext.is_status_msg(message)
        if status in NOTHING_CAME:
            return None
        if message is not None and status:
            raise PullRefused(f"{status} {(message.headers or {}).get('Description', '')}".strip())
        return message

    async def close(self) -> None:
        """Ask for no more. What the server had sent by then is given back to it."""
        if self._subscription is None:
            return
        subscription, self._subscription = self._subscription, None
        with suppress(nats.errors.Error, TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT):
                await subscription.drain()  # after a round trip all that was sent has arrived
        while not self._arrived.empty():
            message = self._arrived.get_nowait()
            if message is not None and not JetStreamContext.is_status_msg(message):
                with suppress(nats.errors.Error):
                    await message.nak()
        self._arrived.put_nowait(None)
