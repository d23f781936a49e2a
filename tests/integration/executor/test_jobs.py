"""Jobs on the stream, run by an executor with the real sandbox."""

import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc.aio
import pytest
from tests.integration.executor.process import (
    PATIENCE,
    announced,
    end_of,
    message,
    post,
    python_only,
    ran,
    running,
)
from tests.integration.services import Service
from tests.servers import Server
from tests.waiting import until

from ignis.events import connection, subjects
from ignis.events.connection import Nats
from ignis.server.context import REQUEST_ID_HEADER, request_id
from ignis.server.ids import new_id
from ignis.v1 import events_pb2, executor_pb2
from ignis.v1.executor_pb2_grpc import ExecutorServiceStub


@pytest.fixture(scope="module", name="service")
def service_fixture(tmp_path_factory: pytest.TempPathFactory, nats: Server) -> Iterator[Service]:
    """One executor for all tests of this file."""
    folder = tmp_path_factory.mktemp("executor")
    with running(folder, nats.url, **python_only(folder)) as service:
        service.wait_for(200)
        yield service


@pytest.fixture(name="linked")
async def linked_fixture(service: Service, nats: Server) -> AsyncIterator[Nats]:
    """A connection to the NATS server that the executor pulls from."""
    assert service.process.poll() is None
    async with connection.connect(nats.url, "test") as linked:
        yield linked


async def describe(service: Service) -> executor_pb2.Executor:
    """Ask an executor what it is."""
    async with grpc.aio.insecure_channel(service.grpc) as channel:
        answer = await ExecutorServiceStub(channel).Describe(executor_pb2.DescribeRequest())
    return answer.executor


Case = tuple[str, dict[str, Any], tuple[str, str, bytes, bytes, int | None]]
CASES: dict[str, Case] = {
    "hello": ('print("Hello, World!")', {}, ("completed", "accepted", b"Hello, World!\n", b"", 0)),
    "exit 3": ("import sys; sys.exit(3)", {}, ("failed", "runtime_error", b"", b"", 3)),
    "stdin": (
        "print(input()[::-1])",
        {"stdin": b"abc"},
        ("completed", "accepted", b"cba\n", b"", 0),
    ),
    "stderr": (
        "import sys; print('out'); print('err', file=sys.stderr)",
        {},
        ("completed", "accepted", b"out\n", b"err\n", 0),
    ),
    "arguments": (
        "import os, sys; print(sys.argv[1:], os.environ['K'])",
        {"args": ["a b", ""], "env": {"K": "v"}},
        ("completed", "accepted", b"['a b', ''] v\n", b"", 0),
    ),
    "a loop": (
        "print('on and on', flush=True)\nwhile True: pass",
        {"limits": {"wall_time_ms": 400}},
        ("failed", "time_limit", b"on and on\n", b"", None),
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_python_program_gets_its_verdict(linked: Nats, case: str) -> None:
    """What a program did is told as it was: verdict, outputs, exit code."""
    code, fields, wanted = CASES[case]
    ended = (await ran(linked, message(code, **fields))).ended
    result = ended.result
    exit_code = result.exit_code if result.HasField("exit_code") else None

    assert wanted == (ended.status, ended.verdict, result.stdout, result.stderr, exit_code)
    assert result.HasField("exec_duration_ms")


async def test_a_program_that_raises_shows_its_traceback(linked: Nats) -> None:
    """An exception is exit code 1 and a traceback that names the file."""
    ended = (await ran(linked, message("x = 1\nraise ValueError('no')"))).ended

    assert ("failed", "runtime_error", 1) == (
        ended.status,
        ended.verdict,
        ended.result.exit_code,
    )
    assert b'main.py", line 2' in ended.result.stderr
    assert ended.result.stderr.endswith(b"ValueError: no\n")


async def test_output_above_its_limit_is_cut(linked: Nats) -> None:
    """What was written up to the limit is kept, and it says that there was more."""
    job = message("print('x' * 100_000)", limits={"output_bytes": 1000})
    ended = (await ran(linked, job)).ended

    assert (1000, True) == (len(ended.result.stdout), ended.result.stdout_truncated)


async def test_a_language_that_is_not_here_is_an_internal_error(linked: Nats) -> None:
    """A job that came to the wrong executor ends, and says what was missing."""
    unknown = (await ran(linked, message("1", "cobol"))).ended
    version = (await ran(linked, message("1", language_version="2.7"))).ended

    assert ["internal_error"] * 2 == [unknown.verdict, version.verdict]
    assert "does not have cobol." in unknown.message
    assert "does not have python 2.7." in version.message


async def test_a_job_that_cannot_be_read_holds_nothing_up(linked: Nats) -> None:
    """Rubbish on the stream is dropped, and the job behind it runs."""
    for payload in (b"\xff\xff", b"", events_pb2.JobMessage(job_id="x").SerializeToString()):
        await linked.jetstream.publish(subjects.job("default", new_id()), payload)
    job = message("print(1)")

    assert (await ran(linked, job)).ended.verdict == "accepted"

    async def nothing_left() -> bool:
        return (await linked.jetstream.stream_info(subjects.JOBS_STREAM)).state.messages == 0

    await until(nothing_left)


async def test_an_event_carries_what_its_readers_need(linked: Nats, service: Service) -> None:
    """The end names owner, language, labels, attempt, executor and times."""
    job = message("print(1)")
    event = await ran(linked, job)

    assert (job.job_id, "user_1", "python", {"a": "b"}, 1) == (
        event.job_id,
        event.owner,
        event.language,
        dict(event.labels),
        event.attempt,
    )
    assert job.created_at == event.created_at
    times = (event.created_at, event.ended.started_at, event.occurred_at)
    assert sorted(time.ToNanoseconds() for time in times) == [t.ToNanoseconds() for t in times]
    assert (await describe(service)).id == event.executor


async def test_it_announces_what_it_offers(linked: Nats, service: Service) -> None:
    """The bucket has its pool, its capacity, and the languages whose self-test passed."""
    described = await describe(service)
    [found] = [e for e in await announced(linked) if e.id == described.id]

    assert ("default", 1, "namespace") == (found.pool, found.capacity, found.sandbox)
    assert [language.id for language in found.languages] == ["python"]
    assert found.languages[0].version.startswith("3.")
    assert found.address.endswith(f":{service.grpc.rpartition(':')[2]}")


async def test_a_request_id_travels_through(linked: Nats, service: Service) -> None:
    """The id in the job's header is in the executor's log and in the event's header."""
    wanted = f"request-{secrets.token_hex(4)}"
    token = request_id.set(wanted)
    job = message("print(1)")
    await post(linked, job)
    request_id.reset(token)
    await end_of(linked, job.job_id)
    end = await linked.jetstream.get_last_msg(
        subjects.EVENTS_STREAM, subjects.event(job.job_id, subjects.END)
    )

    assert (end.headers or {})[REQUEST_ID_HEADER] == wanted
    await until(lambda: _logged(service, job.job_id) == {wanted}, PATIENCE)


def _logged(service: Service, job_id: str) -> set[str]:
    """The request ids with which a job was logged."""
    return {line["request_id"] for line in service.logged() if line.get("job_id") == job_id}


async def test_jobs_are_counted(linked: Nats, service: Service) -> None:
    """The metrics count jobs by language and verdict, and time them."""
    await ran(linked, message("print(1)"))
    metrics = service.metrics()

    assert 'ignis_executor_jobs_total{language="python",verdict="accepted"}' in metrics
    assert 'ignis_executor_run_seconds_count{language="python"}' in metrics
    assert "ignis_executor_jobs_running 0.0" in metrics
    assert "ignis_executor_slots 1.0" in metrics
