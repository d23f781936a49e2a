"""The depth of the queue is sampled."""

import asyncio

import pytest
from tests.unit.job.memory import AWAY, Counts
from tests.waiting import until

from ignis.job.models import Depth
from ignis.job.queue import depths


class Queue:
    """A queue that is away at first."""

    def __init__(self) -> None:
        self.samples = 0

    async def depths(self) -> list[Depth]:
        """One job waits."""
        self.samples += 1
        if self.samples == 1:
            raise AWAY
        return [Depth("default", 1, 2)]


async def test_samples_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample that fails is followed by others."""
    monkeypatch.setattr(depths, "EVERY", 0.01)
    counts = Counts()
    task = asyncio.create_task(depths.sample(Queue(), counts))
    await until(lambda: counts.seen["queued"] >= 2)

    assert not task.done()
    task.cancel()
