"""The directory of executors ends when it is told to."""

import asyncio
from typing import cast

import pytest

from ignis.events import executors
from ignis.events.connection import Nats
from ignis.events.executors import ExecutorDirectory


class Watcher:
    """A watch of NATS's client that forgets the first cancellation, as `wait_for` may."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def updates(self, timeout: float) -> None:  # noqa: ASYNC109 - the client's own signature
        """Wait for an entry."""
        self.asked.set()
        try:
            await asyncio.sleep(timeout)
        except asyncio.CancelledError:
            return

    async def stop(self) -> None:
        """Watch no more."""


class Store:
    """A bucket."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    async def watchall(self) -> Watcher:
        """Watch all of it."""
        return self._watcher


async def test_a_forgotten_cancellation_ends_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops must not wait for a watch that goes on for ever."""
    watcher = Watcher()

    async def bucket(*_: object) -> Store:
        return Store(watcher)

    monkeypatch.setattr(executors, "bucket", bucket)
    monkeypatch.setattr(executors, "FOLLOW_AGAIN", 0.0)
    watching = asyncio.create_task(ExecutorDirectory(cast("Nats", None)).watch())
    await watcher.asked.wait()
    watching.cancel()

    done, _ = await asyncio.wait([watching], timeout=5)
    assert {watching} == done
