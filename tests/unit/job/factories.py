"""What tests of the job service start from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ignis.events.results import CompileResult, Result
from ignis.job.models import Ended, Job, Limits, NewJob, Offer, Program, ProgramFile, Status, Window
from ignis.job.validation import Request
from ignis.server.ids import new_id

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
JOB_ID = "01KAR0000000000000000000AA"

DEFAULTS = Limits(
    wall_time_ms=10_000,
    cpu_time_ms=9_000,
    memory_kb=262_144,
    processes=64,
    output_bytes=1_048_576,
    file_bytes=67_108_864,
    open_files=512,
)
MAXIMUM = Limits(
    wall_time_ms=60_000,
    cpu_time_ms=50_000,
    memory_kb=1_048_576,
    processes=256,
    output_bytes=1_048_576,
    file_bytes=268_435_456,
    open_files=4096,
)
WIDE = Window(pool=1000, user=1000)
CLOSED = Window(pool=0, user=0)
PYTHON = Offer("python", "3.11.2", ("py", "python3"), "default")

REQUEST = Request(
    language="python",
    code="print(1)",
    files=[],
    stdin="",
    args=[],
    env={},
    compile_args=[],
    limits={},
    wait=0,
    priority=5,
    idempotency_key="",
    labels={},
)
PROGRAM = Program(
    language="python",
    language_version="3.11",
    files=(ProgramFile("", b"\xef\xbb\xbfprint(1)\r\n\0"), ProgramFile("a/b.txt", b"\xff\0")),
    stdin=b"in\r\n\0",
    args=("one", "two words"),
    env={"A": "1"},
    compile_args=("-O2",),
    limits=DEFAULTS,
)
RESULT = Result(
    stdout=b"out\n\0",
    stderr=b"\xff\n",
    stdout_truncated=True,
    stderr_truncated=False,
    exit_code=3,
    signal=None,
    exec_duration_ms=12.5,
    cpu_time_ms=10.25,
    memory_kb=9000,
    compile=CompileResult(stdout=b"c", stderr=b"\xfe", exit_code=0, duration_ms=80.5),
)
NEW_JOB = NewJob(
    job_id=JOB_ID,
    owner="user_1",
    pool="default",
    program=PROGRAM,
    priority=5,
    labels={"course": "cs101"},
    created_at=NOON,
    request_id="request_1",
)
JOB = Job(
    job_id=JOB_ID,
    owner="user_1",
    language="python",
    status=Status.RECEIVED,
    message="Code submitted for execution",
    created_at=NOON,
    updated_at=NOON,
    labels={"course": "cs101"},
)
ENDED = Ended(
    job_id=JOB_ID,
    owner="user_1",
    language="python",
    labels={"course": "cs101"},
    status=Status.FAILED,
    verdict="runtime_error",
    message="The program ended with exit code 3.",
    created_at=NOON,
    finished_at=NOON + timedelta(seconds=2),
    executor="executor-1",
    attempt=2,
    started_at=NOON + timedelta(seconds=1),
    result=RESULT,
)


def request(**fields: Any) -> Request:  # noqa: ANN401 - fields of many types
    """A good request, with these fields instead of the usual ones."""
    return replace(REQUEST, **fields)


def new_job(**fields: Any) -> NewJob:  # noqa: ANN401 - fields of many types
    """An accepted job of now, with a new id and these fields instead of the usual ones."""
    return replace(NEW_JOB, **{"job_id": new_id(), "created_at": datetime.now(UTC), **fields})


def ended(**fields: Any) -> Ended:  # noqa: ANN401 - fields of many types
    """An end, with these fields instead of the usual ones."""
    return replace(ENDED, **fields)


def finished(job: Job = JOB) -> Job:
    """A job as it is stored after its end."""
    return replace(
        job,
        status=ENDED.status,
        verdict=ENDED.verdict,
        message=ENDED.message,
        executor=ENDED.executor,
        started_at=ENDED.started_at,
        finished_at=ENDED.finished_at,
        result=RESULT,
    )
