"""Executors announce themselves in a key-value bucket; here they are read."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import nats.errors
from google.protobuf.message import DecodeError

from ignis.errors import Unavailable
from ignis.events import subjects
from ignis.events.connection import Nats
from ignis.events.streams import EXECUTORS_AGE, bucket
from ignis.server.logs import get_logger
from ignis.v1 import executor_pb2

ANNOUNCE_EVERY = 3.0  # seconds
SILENCE = 6.0  # seconds without any announcement after which the watch begins again
ALIVE = 10.0  # seconds after which an executor that said nothing is taken for dead
FOLLOW_AGAIN = 1.0  # seconds until a watch that broke is begun anew

log = get_logger()


class Announcer:
    """Says in the bucket what one executor is."""

    def __init__(self, connection: Nats) -> None:
        self._nats = connection

    async def announce(self, executor: executor_pb2.Executor) -> None:
        """Write the announcement, with the time of now.

        Raises:
            Unavailable: NATS did not answer.
        """
        executor.announced_at.GetCurrentTime()
        try:
            store = await bucket(self._nats, subjects.EXECUTORS_BUCKET)
            await store.put(executor.id, executor.SerializeToString())
        except nats.errors.Error as error:
            raise Unavailable("NATS_UNAVAILABLE", "The announcement got lost.") from error


class ExecutorDirectory:
    """All executors of the last ten minutes, kept up to date by a watch."""

    def __init__(self, connection: Nats) -> None:
        self._nats = connection
        self._known: dict[str, executor_pb2.Executor] = {}
        self.changed = asyncio.Event()  # set whenever an announcement came

    def alive(self) -> list[executor_pb2.Executor]:
        """Those that take jobs now."""
        return [
            executor
            for executor in self._known.values()
            if executor.capacity > 0 and _age(executor) < ALIVE
        ]

    def recent(self) -> list[executor_pb2.Executor]:
        """Those that took jobs within the last ten minutes."""
        return [e for e in self._known.values() if _age(e) < EXECUTORS_AGE]

    async def watch(self) -> None:
        """Follow the bucket until it is cancelled."""
        while not _cancelled():
            with suppress(nats.errors.Error, TimeoutError):
                await self._follow()
            await asyncio.sleep(FOLLOW_AGAIN)

    async def _follow(self) -> None:
        store = await bucket(self._nats, subjects.EXECUTORS_BUCKET)
        watcher = await store.watchall()
        try:
            while not _cancelled():
                # Announcements come every few seconds; silence may be a watch
                # that the server forgot, and a new one costs little.
                entry = await watcher.updates(timeout=SILENCE)
                if entry is not None and entry.value:
                    self._learn(entry.key, entry.value)
        finally:
            with suppress(nats.errors.Error):
                await watcher.stop()

    def _learn(self, name: str, announcement: bytes) -> None:
        try:
            self._known[name] = executor_pb2.Executor.FromString(announcement)
        except DecodeError:
            log.warning("an announcement could not be read", executor=name)
            return
        self._forget_old()
        self.changed.set()

    def _forget_old(self) -> None:
        self._known = {k: e for k, e in self._known.items() if _age(e) < EXECUTORS_AGE}


def _cancelled() -> bool:
    """Whether this task shall end.

    `wait_for` of Python 3.11, which NATS's client waits with, forgets a
    cancellation that comes together with what it waits for.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _age(executor: executor_pb2.Executor) -> float:
    announced = executor.announced_at.ToDatetime(tzinfo=UTC)
    return (datetime.now(UTC) - announced).total_seconds()
