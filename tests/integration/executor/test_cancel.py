"""A job that runs is cancelled over gRPC, with either driver, and its output is on the stream."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import grpc
import grpc.aio
import pytest
from nats.aio.msg import Msg
from tests.integration.executor.process import end_of, message, post, python_only, ran, running
from tests.integration.executor.sandbox import engines
from tests.integration.server.rooms import reason
from tests.integration.services import Service
from tests.servers import Server

from ignis.events import connection, subjects
from ignis.events.connection import Nats
from ignis.v1 import events_pb2
from ignis.v1.executor_pb2 import CancelRequest
from ignis.v1.executor_pb2_grpc import ExecutorServiceStub

if TYPE_CHECKING:
    from ignis.v1.executor_pb2_grpc import ExecutorServiceAsyncStub  # only its stubs have it

AT_ONCE = 0.2  # seconds, where the machine has time
TRIES = 10  # on a machine that does much else, until one has time
ENDLESS = {"wall_time_ms": 60_000, "cpu_time_ms": 60_000}
SLEEPS = "import time\nprint('so far', flush=True)\ntime.sleep(60)"
FORKS = "import os\nprint('so far', flush=True)\nfor _ in range(2): os.fork()\nwhile True: pass"


@pytest.fixture(scope="module", name="service", params=["namespace", "docker"])
def service_fixture(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, nats: Server
) -> Iterator[Service]:
    """One executor for all tests of a driver."""
    folder = tmp_path_factory.mktemp("executor")
    env = python_only(folder) | {"IGNIS_SANDBOX": request.param}
    if request.param == "docker":
        engines.skip_without()
        env |= {
            "SANDBOX_IMAGE": engines.IMAGE,
            "IGNIS_ALLOW_OLD_RUNC": "1",
            "DOCKER_HOST": engines.OPTIONS.host,
        }
    with running(folder, nats.url, **env) as service:
        service.wait_for(200, patience=60)
        yield service


@pytest.fixture(name="linked")
async def linked_fixture(service: Service, nats: Server) -> AsyncIterator[Nats]:
    """A connection to the NATS server that the executor pulls from."""
    assert service.process.poll() is None
    async with connection.connect(nats.url, "test") as linked:
        yield linked


@pytest.fixture(name="executor")
async def executor_fixture(service: Service) -> AsyncIterator["ExecutorServiceAsyncStub"]:
    """What the job service calls."""
    async with grpc.aio.insecure_channel(service.grpc) as channel:
        yield ExecutorServiceStub(channel)


class Events:
    """Everything that is told of one job, with the time at which it came."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[tuple[float, events_pb2.JobEvent]] = asyncio.Queue()

    async def take(self, kind: str) -> tuple[float, events_pb2.JobEvent]:
        """Wait for the next event of a kind."""
        async with asyncio.timeout(60):
            while True:
                at, event = await self.came.get()
                if event.WhichOneof("kind") == kind:
                    return at, event


async def listening(linked: Nats, job_id: str) -> Events:
    """Listen from now on."""
    events = Events()

    async def hear(received: Msg) -> None:
        event = events_pb2.JobEvent.FromString(received.data)
        await events.came.put((time.monotonic(), event))

    await linked.client.subscribe(subjects.event(job_id, "*"), cb=hear)
    return events


@pytest.mark.parametrize("code", [SLEEPS, FORKS], ids=["sleeps", "forks"])
async def test_a_running_job_is_cancelled(
    linked: Nats, executor: "ExecutorServiceAsyncStub", code: str
) -> None:
    """From the RPC to the end it takes a moment; output so far is kept, and was told before."""
    for _ in range(TRIES):
        job = message(code, limits=ENDLESS)
        events = await listening(linked, job.job_id)
        await post(linked, job)
        _, printed = await events.take("output")
        asked = time.monotonic()
        await executor.Cancel(CancelRequest(job_id=job.job_id))
        at, event = await events.take("ended")
        assert ("run", "stdout", 0, b"so far\n") == (
            printed.output.stage,
            printed.output.stream,
            printed.output.offset,
            printed.output.data,
        )
        assert ("cancelled", "cancelled", b"so far\n", 9) == (
            event.ended.status,
            event.ended.verdict,
            event.ended.result.stdout,
            event.ended.result.signal,
        )
        if at - asked < AT_ONCE:
            break
    else:
        pytest.fail("it never ended at once")
    assert "accepted" == (await ran(linked, message("print(1)"))).ended.verdict


async def test_a_job_that_does_not_run_is_not_found(
    linked: Nats, executor: "ExecutorServiceAsyncStub"
) -> None:
    """A job that has ended, and one that never was, are answered alike, with a reason."""
    ended = message("print(1)")
    await ran(linked, ended)
    for job_id in (ended.job_id, "", "no such job"):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await executor.Cancel(CancelRequest(job_id=job_id))

        assert grpc.StatusCode.NOT_FOUND is caught.value.code()
        assert "JOB_NOT_RUNNING" == reason(caught.value)


async def test_a_replay_has_the_output(linked: Nats) -> None:
    """What a job printed while it ran can be read from the stream, and its end has all of it."""
    job = message("import time\nfor i in range(6): print(i, flush=True); time.sleep(0.06)")
    await post(linked, job)
    end = (await end_of(linked, job.job_id)).ended
    pieces = await replayed(linked, job.job_id)

    assert b"0\n1\n2\n3\n4\n5\n" == end.result.stdout
    so_far = b""
    for piece in pieces:
        assert len(so_far) == piece.offset
        so_far += piece.data
    assert so_far
    assert end.result.stdout.startswith(so_far)


async def test_a_short_job_costs_no_message(linked: Nats) -> None:
    """Of a job that prints and ends, only its start and its end are told."""
    counts: list[int] = []
    while 0 not in counts and len(counts) < TRIES:
        job = message("print('Hello, World!')")
        await ran(linked, job)
        counts.append(len(await replayed(linked, job.job_id)))

    assert 0 == counts[-1]


async def replayed(linked: Nats, job_id: str) -> list[events_pb2.JobOutput]:
    """Read a job's output from the stream."""
    wanted = subjects.event(job_id, subjects.OUTPUT)
    info = await linked.jetstream.stream_info(subjects.EVENTS_STREAM, subjects_filter=wanted)
    count = sum((info.state.subjects or {}).values())
    reader = await linked.jetstream.subscribe(wanted, stream=subjects.EVENTS_STREAM)
    found = [(await reader.next_msg(timeout=5)).data for _ in range(count)]
    await reader.unsubscribe()
    return [events_pb2.JobEvent.FromString(data).output for data in found]
