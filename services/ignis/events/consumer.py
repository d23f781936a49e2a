"""Consuming a stream: durable, several at once, each message until it is done."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig

from ignis.events import streams
from ignis.events.connection import Nats
from ignis.events.puller import Puller, PullRefused
from ignis.server.context import REQUEST_ID_HEADER, new_request_id, request_id
from ignis.server.logs import get_logger
from ignis.server.metrics import Metrics

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
    subjects: tuple[str, ...]
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
        self._pullers: list[Puller] = []
        self._workers: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Consume until drained."""
        await self._ensure()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._subscription.workers):
                    puller = Puller(
                        self._nats, self._subscription.stream, self._subscription.durable
                    )
                    self._pullers.append(await puller.open())
                    self._workers.append(group.create_task(self._work(puller)))
        finally:
            await self._close()

    async def drain(self) -> None:
        """Stop pulling, and wait until what was pulled is done."""
        self._draining.set()
        await self._close()
        if self._workers:
            await asyncio.wait(self._workers)

    async def _close(self) -> None:
        await asyncio.gather(*(puller.close() for puller in self._pullers))

    async def _ensure(self) -> None:
        wanted = self._subscription
        await self._nats.jetstream.add_consumer(
            wanted.stream,
            ConsumerConfig(
                durable_name=wanted.durable,
                **_filter(wanted.subjects),
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=wanted.ack_wait,
                max_deliver=-1,
                max_ack_pending=-1,
            ),
        )

    async def _work(self, puller: Puller) -> None:
        while not self._draining.is_set():
            try:
                message = await puller.pull()
            except (PullRefused, nats.errors.Error) as error:
                log.warning("pulling failed", durable=self._subscription.durable, error=repr(error))
                await self._unless_draining(self._make_again())
            else:
                if message is not None:
                    await self._process(message)

    async def _unless_draining(self, work: Coroutine[None, None, None]) -> None:
        tasks = asyncio.ensure_future(work), asyncio.ensure_future(self._draining.wait())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _make_again(self) -> None:
        """A server that lost its disk lost its streams and consumers."""
        await asyncio.sleep(RETRY_DELAY)
        if not self._nats.client.is_connected:
            return  # the next pull is sent once it is
        with suppress(nats.errors.Error):
            await streams.ensure(self._nats)
            await self._ensure()

    async def _process(self, message: Msg) -> None:
        request_id.set((message.headers or {}).get(REQUEST_ID_HEADER) or new_request_id())
        attempt = message.metadata.num_delivered or 1
        keep = asyncio.create_task(self._keep(message))
        try:
            await self._handle(Delivery(message.subject, message.data, attempt))
        except asyncio.CancelledError:
            await _quietly(message.nak())
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


def _filter(subjects: tuple[str, ...]) -> dict[str, Any]:
    """Which messages a consumer gets; a single subject is named as older servers know it."""
    if len(subjects) == 1:
        return {"filter_subject": subjects[0]}
    return {"filter_subjects": list(subjects)}


async def _quietly(acknowledgement: Awaitable[object]) -> None:
    """An acknowledgement that gets lost means that the message comes again, no more."""
    with suppress(nats.errors.Error):
        await acknowledgement
