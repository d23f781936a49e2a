"""Jobs that meet with trouble: each ends, exactly once."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.integration.job.executors import FakeExecutor, ended
from tests.integration.job.process import Caller, calling, running
from tests.servers import Server
from tests.waiting import until

from ignis.events import connection, subjects
from ignis.events.connection import Nats
from ignis.local.postgres import Database
from ignis.server.ids import new_id
from ignis.v1 import events_pb2
from ignis.v1 import job_pb2 as pb

LOST = "The job was handed to the executors 5 times, and lost each time."


class Stack:
    """What a test needs to run services of its own."""

    def __init__(self, folder: Path, database: Database, nats: Server, schema: str) -> None:
        self.folder, self.database, self.nats, self.schema = folder, database, nats, schema

    @asynccontextmanager
    async def caller(
        self, executor: FakeExecutor, connected: Nats, **env: str
    ) -> AsyncIterator[Caller]:
        """A user of a running service that looks after its jobs quickly, and knows an executor."""
        await executor.announce()
        env = {"RELAY_AFTER": "0.2", **env}
        with running(self.folder, self.database, self.nats.url, self.schema, **env) as service:
            await service.becomes(200)
            async with calling(service, connected) as (caller, _):
                await caller.offered()
                yield caller
                assert service.process.poll() is None
                service.process.send_signal(signal.SIGTERM)
                assert await service.ends(15) == 0
                assert "never retrieved" not in service.log.read_text()


@pytest.fixture(name="stack")
def stack_fixture(tmp_path: Path, postgres: Database, nats: Server, schema: str) -> Stack:
    """Where services run."""
    return Stack(tmp_path, postgres, nats, schema)


async def queued(connected: Nats) -> int:
    """How many jobs are in JetStream."""
    return (await connected.jetstream.stream_info(subjects.JOBS_STREAM)).state.messages


async def test_the_first_of_two_ends_stays(stack: Stack, connected: Nats) -> None:
    """Of two executors that tell an end, the first is believed, by the stream and by the row."""
    executor = FakeExecutor(connected)
    told: list[bool] = []

    async def tell_twice(job: events_pb2.JobMessage, attempt: int) -> None:
        for stdout in (b"first", b"second"):
            event = ended(job, executor.name, attempt, stdout)
            told.append(await executor.publisher.publish_end(event))

    executor.act = tell_twice
    async with stack.caller(executor, connected) as caller, executor.working():
        job = await caller.execute(wait=20)
        await until(lambda: len(told) == 2)

        assert ("completed", "first") == (job.status, job.stdout)
        assert (await caller.get(job.job_id)).stdout == "first"
    assert told == [True, False]


async def test_a_lost_message_is_published_again(stack: Stack, connected: Nats) -> None:
    """A job that JetStream forgot is handed over again, and ends."""
    executor = FakeExecutor(connected)
    async with stack.caller(executor, connected) as caller:
        job = await caller.execute()
        assert await queued(connected) == 1
        await connected.jetstream.purge_stream(subjects.JOBS_STREAM)
        async with executor.working():
            done = await caller.becomes(job.job_id, "completed")
            await until(lambda: len(executor.taken) == 1)

    assert done.verdict == "accepted"


async def test_a_job_outlives_its_executor(stack: Stack, connected: Nats) -> None:
    """When an executor dies in the middle, another gets the job as its second attempt."""
    survivor = FakeExecutor(connected)
    async with stack.caller(survivor, connected) as caller:
        async with connection.connect(stack.nats.url, "test") as own:
            dying = FakeExecutor(own)
            dying.go.clear()
            async with dying.working():
                job = await caller.execute()
                await until(lambda: bool(dying.taken))
                await own.client.close()  # not a word more comes from it
        async with survivor.working():
            done = await caller.becomes(job.job_id, "completed")

    assert done.executor == survivor.name
    assert survivor.attempts == [2]


async def test_a_job_that_no_executor_takes_is_given_up(stack: Stack, connected: Nats) -> None:
    """After QUEUE_TIMEOUT a job ends as an internal error that says why, published or waiting."""
    executor = FakeExecutor(connected, capacity=1)
    env = {"QUEUE_TIMEOUT": "0.5", "WINDOW_PER_SLOT": "1"}
    async with stack.caller(executor, connected, **env) as caller:
        published, waits = await asyncio.gather(caller.execute(wait=20), caller.execute(wait=20))
        await until(lambda: _is_empty(connected))

    for job in (published, waits):
        assert ("failed", "internal_error") == (job.status, job.verdict)
        assert job.message == "No executor took the job within 0.5 s."
    assert executor.taken == []


async def _is_empty(connected: Nats) -> bool:
    return await queued(connected) == 0


async def test_a_job_that_is_lost_for_ever_is_given_up(stack: Stack, connected: Nats) -> None:
    """A message that each executor drops is handed over five times, and then the job ends."""
    executor = FakeExecutor(connected)

    async def drop(_job: events_pb2.JobMessage, _attempt: int) -> None:
        """Acknowledge, and tell nothing."""

    executor.act = drop
    async with stack.caller(executor, connected) as caller, executor.working():
        job = await caller.execute(wait=30)

    assert ("failed", "internal_error", LOST) == (job.status, job.verdict, job.message)
    assert len(executor.taken) == 5


async def test_an_end_that_cannot_be_read_is_not_the_last_word(
    stack: Stack, connected: Nats
) -> None:
    """Rubbish where an end should be keeps the stream from an end, but not the job."""
    executor = FakeExecutor(connected)

    async def rubbish(job: events_pb2.JobMessage, _attempt: int) -> None:
        await connected.client.publish(subjects.event(job.job_id, subjects.END), b"\xff\xff")

    executor.act = rubbish
    async with stack.caller(executor, connected) as caller, executor.working():
        job = await caller.execute(wait=30)

    assert ("failed", "internal_error") == (job.status, job.verdict)


async def test_a_flood_delays_nobody(stack: Stack, connected: Nats) -> None:
    """While one user's jobs fill the queue, another's runs next."""
    executor = FakeExecutor(connected, capacity=1)
    executor.go.clear()
    async with stack.caller(executor, connected, USER_WINDOW_PER_SLOT="2") as caller:
        flooder, other = caller, caller.someone_else()
        async with executor.working():
            await asyncio.gather(*(flooder.execute() for _ in range(40)))
            await until(lambda: bool(executor.taken))
            job = await other.execute()
            executor.go.set()
            await other.becomes(job.job_id, "completed")
            place = [taken.job_id for taken in executor.taken].index(job.job_id)

            async def all_done() -> bool:
                return (await flooder.list(status="completed", limit=100)).pagination.count == 40

            await until(all_done)

    assert place <= 3  # after the one that ran, and those that were published by then


async def test_replicas_share_ends_and_waiters(
    stack: Stack, connected: Nats, tmp_path: Path
) -> None:
    """A waiter at one replica is told of its job's end, whichever replica stores it."""
    executor = FakeExecutor(connected)
    async with stack.caller(executor, connected) as caller:
        second = running(tmp_path, stack.database, stack.nats.url, stack.schema)
        with second as service:
            await service.becomes(200)
            async with calling(service, connected) as (other, _), executor.working():
                await other.offered()
                began = asyncio.get_running_loop().time()
                jobs = await asyncio.gather(
                    *(who.execute(wait=50) for who in (caller, other) for _ in range(20))
                )
                taken = asyncio.get_running_loop().time() - began
                counted = service.metrics()

    assert {"completed"} == {job.status for job in jobs}
    assert taken < 4  # nobody had to look for himself
    assert 'ignis_job_submitted_total{language="python"} 20.0' in counted
    assert len(executor.taken) == 40


async def test_sigterm_lets_waiters_go(stack: Stack, connected: Nats, tmp_path: Path) -> None:
    """A service that is told to stop answers those who wait with the job as it stands."""
    executor = FakeExecutor(connected)
    await executor.announce()
    with running(tmp_path, stack.database, stack.nats.url, stack.schema) as service:
        await service.becomes(200)
        async with calling(service, connected) as (caller, _):
            await caller.offered()
            nonce = new_id()
            waiting = asyncio.create_task(caller.execute(nonce, wait=50))

            async def stored() -> bool:
                return (await caller.list()).pagination.count == 1

            await until(stored)
            began = asyncio.get_running_loop().time()
            service.process.send_signal(signal.SIGTERM)
            job = await waiting

            assert ("received", nonce) == (job.status, job.job_id)
            assert await service.ends(10) == 0, service.log.read_text()
            assert asyncio.get_running_loop().time() - began < 5


async def test_health_without_an_executor_is_503(stack: Stack, connected: Nats) -> None:
    """Without an executor Ignis can't work, and GetHealth says so in its HTTP status."""
    with running(stack.folder, stack.database, stack.nats.url, stack.schema) as service:
        await service.becomes(200)
        async with calling(service, connected) as (caller, _):
            call = caller.stub.GetHealth(pb.GetHealthRequest())
            health = (await call).data

            assert ("unavailable", "unavailable") == (health.status, health.executors.status)
            assert dict(await call.initial_metadata())["x-ignis-http-status"] == "503"
