"""An executor tells what it is, for as long as it is."""

import asyncio
from typing import cast

import pytest
from tests.unit.executor.factories import Sandbox, commands
from tests.waiting import until

from ignis.errors import Unavailable
from ignis.events.executors import Announcer
from ignis.executor import announcer as module
from ignis.executor.announcer import Announcements
from ignis.executor.live import Live
from ignis.executor.service import Executor
from ignis.executor.servicer import Context, ExecutorServicer
from ignis.v1 import executor_pb2


class Bucket:
    """A bucket in memory; the first announcement gets lost."""

    def __init__(self) -> None:
        self.tries = 0
        self.kept: list[executor_pb2.Executor] = []

    async def announce(self, executor: executor_pb2.Executor) -> None:
        """Keep an announcement."""
        self.tries += 1
        if self.tries == 1:
            raise Unavailable("NATS_UNAVAILABLE", "Lost.")
        self.kept.append(executor)


@pytest.fixture(name="bucket")
def bucket_fixture() -> Bucket:
    """Where announcements go."""
    return Bucket()


@pytest.fixture(name="executor")
def executor_fixture() -> Executor:
    """An executor of Python."""
    return Executor(Sandbox(), {"python": commands()})


@pytest.fixture(name="announcements")
def announcements_fixture(bucket: Bucket, executor: Executor) -> Announcements:
    """What is announced of it."""
    described = executor_pb2.Executor(id="one", capacity=4)
    return Announcements(cast("Announcer", bucket), described, executor)


async def test_it_goes_on_after_a_loss(
    bucket: Bucket, announcements: Announcements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An announcement that got lost is followed by others."""
    monkeypatch.setattr(module, "ANNOUNCE_EVERY", 0.01)
    task = asyncio.create_task(announcements.run())
    await until(lambda: len(bucket.kept) >= 2)

    assert not task.done()
    task.cancel()


async def test_it_tells_what_runs_now(announcements: Announcements, executor: Executor) -> None:
    """The number of running jobs is that of the moment, also for who asks over gRPC."""
    executor._running = [("a", Live())] * 3
    servicer, context = ExecutorServicer(announcements, executor), cast("Context", None)
    answer = await servicer.Describe(executor_pb2.DescribeRequest(), context)

    described = answer.executor
    assert ("one", 4, 3) == (described.id, described.capacity, described.running)
    executor._running.clear()
    assert announcements.describe().running == 0


async def test_a_stopping_executor_has_no_places(
    bucket: Bucket, announcements: Announcements
) -> None:
    """Stopping is announced at once, and a loss of it stops nothing."""
    await announcements.stop()
    await announcements.stop()

    assert [executor.capacity for executor in bucket.kept] == [0]
