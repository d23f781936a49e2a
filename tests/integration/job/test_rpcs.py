"""JobService over real gRPC: one running service, an executor for each test."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, timedelta
from pathlib import Path

import grpc
import grpc.aio
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from tests.integration.identities import reason, told
from tests.integration.job.executors import FakeExecutor
from tests.integration.job.process import Caller, calling, running
from tests.integration.services import Service
from tests.servers import Server
from tests.waiting import until

from ignis.events import connection
from ignis.local.postgres import Database
from ignis.server.ids import is_id, new_id
from ignis.server.times import timestamp
from ignis.v1 import job_pb2 as pb


@pytest.fixture(scope="module", name="service")
def service_fixture(
    tmp_path_factory: pytest.TempPathFactory, postgres: Database, nats: Server
) -> Iterator[Service]:
    """One running service for all tests of this file; each has users of its own."""
    folder: Path = tmp_path_factory.mktemp("job")
    with running(folder, postgres, nats.url, f"rpcs_{secrets.token_hex(4)}") as service:
        service.wait_for(200)
        yield service


@pytest.fixture(name="executor")
async def executor_fixture(service: Service, nats: Server) -> AsyncIterator[FakeExecutor]:
    """An executor of Python."""
    assert service.process.poll() is None
    async with (
        connection.connect(nats.url, "test") as connected,
        FakeExecutor(connected).working() as executor,
    ):
        yield executor


@pytest.fixture(name="callers")
async def callers_fixture(
    service: Service, nats: Server, executor: FakeExecutor
) -> AsyncIterator[tuple[Caller, Caller]]:
    """Two users that nobody has been before, with an executor at their service."""
    async with (
        connection.connect(nats.url, "test") as connected,
        calling(service, connected) as callers,
    ):
        await callers[0].offered()
        assert executor.name
        yield callers


@pytest.fixture(name="caller")
def caller_fixture(callers: tuple[Caller, Caller]) -> Caller:
    """One of them."""
    return callers[0]


async def test_a_job_goes_its_way(caller: Caller, executor: FakeExecutor) -> None:
    """A job is received, then runs, then is completed, with what the executor told."""
    executor.go.clear()
    call = caller.stub.Execute(
        pb.ExecuteRequest(language="py", code="print(1)\r\n", stdin="in", labels={"a": "b"}),
        metadata=caller.metadata(),
    )
    job = (await call).data
    assert dict(await call.initial_metadata())["x-ignis-http-status"] == "201"
    assert is_id(job.job_id)
    assert ("python", "received", "Code submitted for execution", {"a": "b"}) == (
        job.language,
        job.status,
        job.message,
        dict(job.labels),
    )
    assert not job.HasField("verdict")
    assert not job.HasField("stdout")

    running_job = await caller.becomes(job.job_id, "running")
    assert running_job.executor == executor.name
    executor.go.set()
    done = await caller.becomes(job.job_id, "completed")
    assert ("Hello\n", "", 0, 1.5, 1.0, 9000, "accepted") == (
        done.stdout,
        done.stderr,
        done.exit_code,
        done.exec_duration,
        done.cpu_time,
        done.mem_usage,
        done.verdict,
    )
    assert (done.HasField("signal"), done.HasField("compile")) == (False, False)
    assert job.created_at == done.created_at
    assert done.queued_ms >= 0


async def test_an_executor_gets_the_program_byte_for_byte(
    caller: Caller, executor: FakeExecutor
) -> None:
    """Line ends, a byte order mark and NUL arrive as they were sent, limits without gaps."""
    code = "\ufeffprint(1)\r\n\0 "
    request = {"language": "python@3.11", "code": code, "args": ["a b", ""], "env": {"K": "v"}}
    await caller.execute(**request, limits=pb.Limits(memory_kb=65536), wait=20)

    assert executor.attempts == [1]
    [job] = executor.taken
    assert [file.content for file in job.spec.files] == [code.encode()]
    assert (["a b", ""], {"K": "v"}, "3.11") == (
        list(job.spec.args),
        dict(job.spec.env),
        job.spec.language_version,
    )
    assert (65536, 10_000) == (job.spec.limits.memory_kb, job.spec.limits.wall_time_ms)
    assert job.owner == caller.user


async def test_wait_answers_with_the_end(caller: Caller) -> None:
    """With `wait`, the answer is the finished job, as soon as it has ended."""
    job = await caller.execute(wait=30)

    assert ("completed", "Hello\n") == (job.status, job.stdout)


async def test_wait_has_an_end_too(caller: Caller, executor: FakeExecutor) -> None:
    """A job that takes longer than the client waits is answered as it stands."""
    executor.go.clear()
    job = await caller.execute(wait=0.3)

    assert job.status in {"received", "running"}
    executor.go.set()
    await caller.becomes(job.job_id, "completed")


async def test_a_repeated_request_is_one_job(caller: Caller, executor: FakeExecutor) -> None:
    """The gateway's repetition has the same nonce, and is answered with the same job and end."""
    nonce = new_id()
    first, second = await asyncio.gather(
        caller.execute(nonce, wait=20), caller.execute(nonce, wait=20)
    )
    late = await asyncio.wait_for(caller.execute(nonce, wait=50), 10)

    assert [first.job_id] * 3 == [nonce, second.job_id, late.job_id]
    assert {"completed"} == {first.status, second.status, late.status}
    assert executor.attempts.count(1) == 1  # one message, however often a busy machine takes it


async def test_an_idempotency_key_is_one_job(callers: tuple[Caller, Caller]) -> None:
    """The same key and body answer with the same job; another body is refused."""
    caller, other = callers
    first = await caller.execute(idempotency_key="k", wait=20)
    again = await caller.execute(idempotency_key="k")
    theirs = await other.execute(idempotency_key="k", code="print(2)")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.execute(idempotency_key="k", code="print(2)")

    assert (first.job_id, "completed") == (again.job_id, again.status)
    assert theirs.job_id != first.job_id
    assert caught.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert reason(caught.value) == "IDEMPOTENCY_KEY_REUSED"


async def test_someone_elses_job_is_not_there(callers: tuple[Caller, Caller]) -> None:
    """What belongs to another is answered exactly as what never was."""
    caller, other = callers
    theirs = await other.execute()
    answers = set()
    for job_id in (theirs.job_id, new_id(), "nonsense", "a\0b", ""):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await caller.get(job_id)
        answers.add((caught.value.code(), reason(caught.value), caught.value.details()))

    assert len(answers) == 1
    assert {(grpc.StatusCode.NOT_FOUND, "JOB_NOT_FOUND")} == {a[:2] for a in answers}
    assert (await caller.list()).pagination.count == 0


@pytest.mark.parametrize(
    ("fields", "code", "why"),
    [
        ({"language": "cobol"}, grpc.StatusCode.INVALID_ARGUMENT, "LANGUAGE_UNKNOWN"),
        ({"language": "go"}, grpc.StatusCode.UNAVAILABLE, "LANGUAGE_UNAVAILABLE"),
        ({"language": "py@2"}, grpc.StatusCode.INVALID_ARGUMENT, "LANGUAGE_VERSION_UNKNOWN"),
        ({"code": ""}, grpc.StatusCode.INVALID_ARGUMENT, "CODE_EMPTY"),
        ({"wait": 61}, grpc.StatusCode.INVALID_ARGUMENT, "VALIDATION_FAILED"),
    ],
)
async def test_a_request_that_is_no_program_is_refused(
    caller: Caller, fields: dict[str, object], code: grpc.StatusCode, why: str
) -> None:
    """Each refusal has its status and reason, and makes no job."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.execute(**fields)

    assert (code, why) == (caught.value.code(), reason(caught.value))
    assert (await caller.list()).pagination.count == 0


async def test_everything_wrong_is_told_at_once(caller: Caller) -> None:
    """The answer to a bad request names each field that is wrong."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.execute(language="", priority=10, limits=pb.Limits(processes=0))

    details = error_details_pb2.BadRequest()
    assert told(caught.value).details[1].Unpack(details)
    fields = [violation.field for violation in details.field_violations]
    assert fields == ["language", "limits.processes", "priority"]


async def test_a_list_has_filters_a_range_and_pages(caller: Caller) -> None:
    """Pages follow each other without gaps, newest first, whatever comes meanwhile."""
    jobs = [await caller.execute(wait=20) for _ in range(4)]
    ids = sorted((job.job_id for job in jobs), reverse=True)
    first = await caller.list(limit=3)
    await caller.execute(wait=20)
    second = await caller.list(limit=3, cursor=first.pagination.next_cursor)

    assert ids == [job.job_id for job in (*first.data, *second.data)]
    assert (3, 3) == (first.pagination.limit, first.pagination.count)
    assert ("", 1) == (second.pagination.next_cursor, second.pagination.count)
    assert not first.data[0].HasField("stdout")
    since = await caller.list(created_after=jobs[1].created_at, created_before=jobs[3].created_at)
    assert {jobs[1].job_id, jobs[2].job_id} == {job.job_id for job in since.data}
    assert (await caller.list(status="completed", language="python")).pagination.count == 5
    assert (await caller.list(status="received")).pagination.count == 0
    assert (await caller.list(language="go")).pagination.count == 0
    future = jobs[3].created_at.ToDatetime(tzinfo=UTC) + timedelta(hours=1)
    assert (await caller.list(created_after=timestamp(future))).pagination.count == 0


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"status": "done"}, "status"),
        ({"language": "a\0"}, "language"),
        ({"created_after": Timestamp(seconds=-1)}, "created_after"),
        ({"created_before": Timestamp(seconds=2**60)}, "created_before"),
        ({"limit": 101}, "limit"),
        ({"limit": -1}, "limit"),
        ({"cursor": "next"}, "cursor"),
    ],
)
async def test_a_list_that_makes_no_sense_is_refused(
    caller: Caller, fields: dict[str, object], wrong: str
) -> None:
    """A filter that no job can match is told by its field."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.list(**fields)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (caught.value.details() or "").startswith(f"{wrong}: ")


async def test_who_goes_leaves_nothing_behind(
    caller: Caller, executor: FakeExecutor, service: Service
) -> None:
    """A client that hangs up while it waits harms nothing: the job ends, and others' waits work."""
    executor.go.clear()
    nonce = new_id()
    waiting = asyncio.create_task(caller.execute(nonce, wait=50))
    await until(lambda: bool(executor.taken))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    executor.go.set()
    await caller.becomes(nonce, "completed")

    assert (await caller.execute(wait=20)).status == "completed"
    assert "Traceback" not in service.log.read_text()


async def test_the_status_tells_what_is_offered(caller: Caller) -> None:
    """GetStatus has the languages, each once, and the limits; GetApiHealth answers anybody."""
    status = (await caller.stub.GetStatus(pb.GetStatusRequest(), metadata=caller.metadata())).data

    assert [("python", "3.11.2", ["py"])] == [
        (offer.id, offer.version, list(offer.aliases)) for offer in status.languages
    ]
    assert (10_000, 60_000) == (
        status.default_limits.wall_time_ms,
        status.maximum_limits.wall_time_ms,
    )
    health = await caller.stub.GetApiHealth(pb.GetApiHealthRequest())
    assert health.data.status == "ok"


async def test_health_counts_executors(caller: Caller) -> None:
    """GetHealth needs no caller; without Redis Ignis is degraded, and works."""
    call = caller.stub.GetHealth(pb.GetHealthRequest())
    health = (await call).data

    assert ("degraded", "ok", "ok", "unavailable", "ok") == (
        health.status,
        health.database.status,
        health.nats.status,
        health.redis.status,
        health.executors.status,
    )
    assert health.executors.count >= 1
    assert "exact" == health.executors.memory_limits
    assert "x-ignis-http-status" not in dict(await call.initial_metadata())


async def test_nobody_calls_without_an_identity(caller: Caller) -> None:
    """A caller whom the auth service didn't name is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.stub.Execute(pb.ExecuteRequest(language="python", code="1"))

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_jobs_are_counted(caller: Caller, service: Service) -> None:
    """The metrics count what was submitted and how it ended, and show the queue."""
    await caller.execute(wait=20)
    metrics = service.metrics()

    assert 'ignis_job_submitted_total{language="python"}' in metrics
    assert 'ignis_job_ended_total{status="completed",verdict="accepted"}' in metrics
    assert "ignis_job_end_seconds_count" in metrics
    assert "ignis_job_queue_published" in metrics
