"""Consuming a stream: durable, several at once, each message until it is done."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import nats.errors
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig

from ignis.events.connection import Nats
from ignis.server.context import REQUEST_ID_HEADER, new_request_id, request_id
from ignis.server.logs import get_logger
from ignis.server.metrics import Metrics

PULL_LIMIT = 5.0  # seconds one pull waits; a server that restarted forgets older ones
RETRY_DELAY = 1.0  # seconds until a message whose handler failed comes again

log = get_logger()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message, as its handler sees it."""

    subject: str
    data: bytes
    attempt: int  # from 1


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which messages a consumer takes, and how."""

    stream: str
    durable: str  # consumers of the same name share the messages
    subject: str
    workers: int  # messages that are handled at once
    ack_wait: float = 30.0  # seconds after which a dead consumer's message is another's


class Consumer:
    """Pulls messages and hands them to a handler.

    A handler that returns has done it; one that raises gets the message again.
    While it works, the message stays its own. Draining lets handlers finish;
    one that is cancelled gives its message back at once.
    """

    def __init__(
        self,
        connection: Nats,
        subscription: Subscription,
        handle: Callable[[Delivery], Awaitable[None]],
        metrics: Metrics,
    ) -> None:
        self._nats = connection
        self._subscription = subscription
        self._handle = handle
        self._metrics = metrics
        self._draining = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Consume until drained."""
        await self._ensure()
        async with asyncio.TaskGroup() as group:
            self._workers = [
                group.create_task(self._work()) for _ in range(self._subscription.workers)
            ]

    async def drain(self) -> None:
        """Stop pulling, and wait until what was pulled is done."""
        self._draining.set()
        if self._workers:
            await asyncio.wait(self._workers)

    async def _ensure(self) -> None:
        wanted = self._subscription
        await self._nats.jetstream.add_consumer(
            wanted.stream,
            ConsumerConfig(
                durable_name=wanted.durable,
                filter_subject=wanted.subject,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=wanted.ack_wait,
                max_deliver=-1,
                max_ack_pending=-1,
            ),
        )

    async def _work(self) -> None:
        pulling = await self._nats.jetstream.pull_subscribe_bind(
            self._subscription.durable, self._subscription.stream
        )
        try:
            while not self._draining.is_set():
                message = await self._pull(pulling.fetch)
                if message is not None:
                    await self._process(message)
        finally:
            with suppress(nats.errors.Error):
                await pulling.unsubscribe()

    async def _pull(self, fetch: Callable[..., Awaitable[list[Msg]]]) -> Msg | None:
        pull = asyncio.ensure_future(fetch(1, PULL_LIMIT))
        stop = asyncio.ensure_future(self._draining.wait())
        try:
            await asyncio.wait((pull, stop), return_when=asyncio.FIRST_COMPLETED)
            if not pull.done():
                return None
            return pull.result()[0]
        except (nats.errors.TimeoutError, TimeoutError):
            return None
        except nats.errors.Error as error:
            log.warning("pulling failed", durable=self._subscription.durable, error=repr(error))
            await asyncio.sleep(RETRY_DELAY)
            with suppress(nats.errors.Error):
                await self._ensure()  # a server that lost its disk lost its consumers
            return None
        finally:
            pull.cancel()
            stop.cancel()

    async def _process(self, message: Msg) -> None:
        request_id.set((message.headers or {}).get(REQUEST_ID_HEADER) or new_request_id())
        attempt = message.metadata.num_delivered or 1
        keep = asyncio.create_task(self._keep(message))
        try:
            await self._handle(Delivery(message.subject, message.data, attempt))
        except asyncio.CancelledError:
            await message.nak()
            raise
        except Exception:  # whatever it was, the message comes again
            log.exception("a message could not be handled", subject=message.subject)
            self._metrics.errors.labels(self._subscription.durable).inc()
            await _quietly(message.nak(delay=RETRY_DELAY))
        else:
            await _quietly(message.ack())
        finally:
            keep.cancel()

    async def _keep(self, message: Msg) -> None:
        while True:
            await asyncio.sleep(self._subscription.ack_wait / 3)
            await _quietly(message.in_progress())


async def _quietly(acknowledgement: Awaitable[object]) -> None:
    """An acknowledgement that gets lost means that the message comes again, no more."""
    with suppress(nats.errors.Error):
        await acknowledgement
