"""Samples how deep the queue is."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from ignis.job.models import Depth
from ignis.job.rounds import survived

EVERY = 5.0  # seconds between two samples


class Queue(Protocol):
    """The queue of record."""

    async def depths(self) -> list[Depth]:
        """How many jobs there are, by pool."""
        ...


class Gauges(Protocol):
    """Where samples go."""

    def queued(self, depths: Iterable[Depth]) -> None:
        """Set how deep the queue is."""
        ...

    def failed(self, where: str) -> None:
        """Count a failure of Ignis itself."""
        ...


async def sample(queue: Queue, gauges: Gauges) -> None:
    """Sample for ever."""
    while True:
        with survived("queue depths", gauges):
            gauges.queued(await queue.depths())
        await asyncio.sleep(EVERY)
