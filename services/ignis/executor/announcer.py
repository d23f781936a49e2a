"""Tells the other services what this executor is, every few seconds."""

import asyncio
from contextlib import suppress

from ignis.errors import Unavailable
from ignis.events.executors import ANNOUNCE_EVERY, Announcer
from ignis.executor.service import Executor
from ignis.v1 import executor_pb2


class Announcements:
    """Keeps one executor's announcement true."""

    def __init__(
        self, announcer: Announcer, description: executor_pb2.Executor, executor: Executor
    ) -> None:
        self._announcer = announcer
        self._description = description
        self._executor = executor
        self._stopping = False

    def describe(self) -> executor_pb2.Executor:
        """What this executor is now; a stopping one has no capacity."""
        described = executor_pb2.Executor()
        described.CopyFrom(self._description)
        described.running = self._executor.running
        if self._stopping:
            described.capacity = 0
        return described

    async def run(self) -> None:
        """Announce for ever."""
        while True:
            with suppress(Unavailable):
                await self._announcer.announce(self.describe())
            await asyncio.sleep(ANNOUNCE_EVERY)

    async def stop(self) -> None:
        """Say that this executor takes no more jobs."""
        self._stopping = True
        with suppress(Unavailable):
            await self._announcer.announce(self.describe())
