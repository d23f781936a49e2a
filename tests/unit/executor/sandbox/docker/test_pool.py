"""The pool of waiting containers."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.waiting import until

from ignis.executor.sandbox.docker.pool import Container, Pool
from ignis.executor.sandbox.errors import SandboxError


class Maker:
    """Makes containers that are none, or fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.made: list[Container] = []
        self.discarded: list[Container] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def make(self) -> Container:
        """Make one, when the gate is open."""
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise SandboxError("no engine")
        stream = cast("Any", SimpleNamespace(ended=False))
        self.made.append(Container(str(len(self.made)), 1, stream))
        return self.made[-1]

    async def discard(self, container: Container) -> None:
        """Take note."""
        self.discarded.append(container)

    def pool(self, size: int = 2, least: int | None = None) -> Pool:
        """A pool of these."""
        return Pool(size, self.make, self.discard, least)


async def settle() -> None:
    """Let all tasks that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_oldest_first_and_replaced() -> None:
    """Each taker gets the one that waited longest, and the pool is full again."""
    maker = Maker()
    pool = maker.pool()

    assert ["0", "1", "2"] == [(await pool.take()).id for _ in range(3)]
    pool.fill()
    await settle()
    assert 5 == len(maker.made)


async def test_replaced_later() -> None:
    """What was taken is replaced in a moment, though nobody asks, and not at once."""
    maker = Maker()
    pool = maker.pool()
    await pool.take()
    await settle()

    assert 2 == len(maker.made)
    await until(lambda: len(maker.made) == 3)


async def test_failure() -> None:
    """A taker hears of a failure that it waited for."""
    maker = Maker(failures=1)
    with pytest.raises(SandboxError, match="no engine"):
        await maker.pool(1).take()


async def test_old_failure() -> None:
    """A failure from before a job came doesn't fail it."""
    maker = Maker(failures=2)
    pool = maker.pool()
    pool.fill()
    await settle()

    assert "0" == (await pool.take()).id


async def test_ended_while_waiting() -> None:
    """A container that ended in the pool is discarded, and the next one taken."""
    maker = Maker()
    pool = maker.pool()
    pool.fill()
    await settle()
    cast("Any", maker.made[0].stream).ended = True

    assert "1" == (await pool.take()).id
    assert ["0"] == [one.id for one in maker.discarded]


async def test_cancelled_taker() -> None:
    """What a taker waited for when it was cancelled is the next taker's."""
    maker = Maker()
    maker.gate.clear()
    pool = maker.pool(1)
    taker = asyncio.create_task(pool.take())
    await settle()
    taker.cancel()
    await asyncio.wait([taker])
    maker.gate.set()

    assert "0" == (await pool.take()).id


async def test_drain() -> None:
    """Draining discards what waits, also what is still being made."""
    maker = Maker()
    pool = maker.pool()
    pool.fill()
    await pool.drain()

    assert maker.made == maker.discarded
    assert 2 == len(maker.made)
    with pytest.raises(SandboxError, match="closed"):
        await pool.take()


async def test_a_pool_that_is_hardly_used_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """It grows up to its size when jobs find nothing ready, and shrinks again after a while."""
    monkeypatch.setattr("ignis.executor.sandbox.docker.pool._MORE_SECONDS", 0.2)
    maker = Maker()
    pool = maker.pool(size=3, least=1)
    pool.fill()
    await settle()
    await pool.take()
    pool.fill()
    await settle()
    assert 2 == len(maker.made)  # one was ready: no more than that one wait

    maker.gate.clear()
    await pool.take()
    takers = [asyncio.create_task(pool.take()) for _ in range(4)]
    await settle()
    maker.gate.set()
    await asyncio.wait(takers)
    pool.fill()
    await settle()
    assert 2 + 4 + 3 == len(maker.made)
    await until(lambda: len(maker.discarded) == 2)
    await pool.drain()

    assert 3 == len(maker.discarded)
