"""Nothing is lost between messages and the job service's own types."""

from dataclasses import replace
from datetime import timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.unit.job.factories import (
    DEFAULTS,
    ENDED,
    JOB,
    JOB_ID,
    NEW_JOB,
    NOON,
    RESULT,
    ended,
    finished,
)

from ignis.events.decoding import read_compile
from ignis.events.results import CompileResult, Result
from ignis.job import codec
from ignis.job.models import Ended, Started, Status
from ignis.server.times import moment, timestamp
from ignis.v1 import events_pb2


def event_of(end: Ended) -> events_pb2.JobEvent:
    """The event that an executor would publish for an end."""
    result = end.result
    written = events_pb2.JobResult(
        stdout=result.stdout or b"",
        stderr=result.stderr or b"",
        stdout_truncated=result.stdout_truncated,
        stderr_truncated=result.stderr_truncated,
        exit_code=result.exit_code,
        signal=result.signal,
        exec_duration_ms=result.exec_duration_ms,
        cpu_time_ms=result.cpu_time_ms,
        memory_kb=result.memory_kb,
    )
    if result.compile is not None:
        compiled = codec.write_compile(result.compile)
        written.compile.CopyFrom(events_pb2.CompileOutput.FromString(compiled or b""))
    event = codec.end_event(end)
    event.attempt, event.executor = end.attempt, end.executor
    event.ended.result.CopyFrom(written)
    if end.started_at is not None:
        event.ended.started_at.FromDatetime(end.started_at)
    return event


def test_an_executor_gets_every_field() -> None:
    """The message has the whole program, byte for byte."""
    message = events_pb2.JobMessage.FromString(codec.job_message(NEW_JOB))
    spec, program = message.spec, NEW_JOB.program

    assert (JOB_ID, "user_1", {"course": "cs101"}, NOON) == (
        message.job_id,
        message.owner,
        dict(message.labels),
        moment(message.created_at),
    )
    assert (program.language, program.language_version, program.stdin) == (
        spec.language,
        spec.language_version,
        spec.stdin,
    )
    assert [(f.name, f.content) for f in program.files] == [(f.name, f.content) for f in spec.files]
    assert (program.args, program.env, program.compile_args) == (
        tuple(spec.args),
        dict(spec.env),
        tuple(spec.compile_args),
    )
    sent = {field.name: value for field, value in spec.limits.ListFields()}
    assert sent == {name: getattr(DEFAULTS, name) for name in sent}
    assert len(sent) == 7


@pytest.mark.parametrize(
    "end",
    [
        ENDED,
        ended(result=Result(), started_at=None, executor="", attempt=0),
        ended(result=replace(RESULT, exit_code=None, signal=9, compile=None)),
        ended(result=replace(RESULT, exit_code=0, exec_duration_ms=0.0, memory_kb=0)),
        ended(result=Result(compile=CompileResult(b"", b"no", None, 0.0))),
        ended(status=Status.CANCELLED, verdict="cancelled"),
    ],
)
def test_an_end_is_read_as_it_was_told(end: Ended) -> None:
    """Every field of an end comes through, absent figures stay absent."""
    sent = event_of(end).SerializeToString()

    assert end == codec.read_event(events_pb2.JobEvent.FromString(sent))


def test_a_start_is_read_as_it_was_told() -> None:
    """A start has its job, its executor and its time."""
    event = events_pb2.JobEvent(job_id=JOB_ID, executor="one", occurred_at=timestamp(NOON))
    event.started.SetInParent()

    assert Started(JOB_ID, "one", NOON) == codec.read_event(event)


def test_an_event_of_another_kind_is_none() -> None:
    """A kind that this version doesn't know is no error."""
    assert codec.read_event(events_pb2.JobEvent(job_id=JOB_ID)) is None


@pytest.mark.parametrize("job_id", ["", "nonsense", "a\0b"])
def test_an_event_of_no_job_is_refused(job_id: str) -> None:
    """An event must name a job."""
    with pytest.raises(ValueError, match="id"):
        codec.read_event(events_pb2.JobEvent(job_id=job_id))


def test_a_time_beyond_all_time_is_refused() -> None:
    """A time that no datetime can hold makes an event unreadable, and nothing worse."""
    event = event_of(ENDED)
    event.occurred_at.CopyFrom(Timestamp(seconds=2**60))

    with pytest.raises(ValueError, match="valid"):
        codec.read_event(event)


@pytest.mark.parametrize("status", ["received", "running", "exploded", ""])
def test_an_end_that_names_no_end_is_a_failure(status: str) -> None:
    """An end with a status that none has is an end all the same."""
    event = event_of(ENDED)
    event.ended.status = status
    read = codec.read_event(event)

    assert isinstance(read, Ended)
    assert read.status is Status.FAILED


def test_texts_of_an_end_can_be_stored() -> None:
    """NUL in a text would keep an end from being stored, and is replaced."""
    event = event_of(ENDED)
    event.executor, event.ended.message, event.ended.verdict = "a\0", "b\0", "c\0"
    read = codec.read_event(event)

    assert isinstance(read, Ended)
    assert (read.executor, read.message, read.verdict) == ("a\ufffd", "b\ufffd", "c\ufffd")


def test_a_waiting_job_shows_what_is_known() -> None:
    """Figures that aren't known yet are absent."""
    shown = codec.job(JOB)

    assert (JOB_ID, "python", "received", JOB.message, {"course": "cs101"}) == (
        shown.job_id,
        shown.language,
        shown.status,
        shown.message,
        dict(shown.labels),
    )
    set_fields = {field.name for field, _ in shown.ListFields()}
    assert set_fields == {
        "job_id", "language", "status", "message", "labels", "created_at", "updated_at"
    }  # fmt: skip


def test_a_finished_job_shows_everything() -> None:
    """Every figure of a result is shown; invalid UTF-8 is replaced and flagged."""
    shown = codec.job(finished())

    assert ("failed", "runtime_error", "executor-1", 3) == (
        shown.status,
        shown.verdict,
        shown.executor,
        shown.exit_code,
    )
    assert (12.5, 10.25, 9000, 1000.0) == (
        shown.exec_duration,
        shown.cpu_time,
        shown.mem_usage,
        shown.queued_ms,
    )
    assert ("out\n\0", False, "\ufffd\n", True) == (
        shown.stdout,
        shown.stdout_invalid_utf8,
        shown.stderr,
        shown.stderr_invalid_utf8,
    )
    assert (True, False, False) == (
        shown.stdout_truncated,
        shown.stderr_truncated,
        shown.HasField("signal"),
    )
    compiled = shown.compile
    assert ("c", "\ufffd", 0, 80.5) == (
        compiled.stdout,
        compiled.stderr,
        compiled.exit_code,
        compiled.duration,
    )
    assert [NOON + timedelta(seconds=s) for s in (0, 1, 2)] == [
        moment(time) for time in (shown.created_at, shown.started_at, shown.finished_at)
    ]


def test_a_list_shows_no_outputs() -> None:
    """What wasn't read is absent, not empty."""
    light = replace(RESULT, stdout=None, stderr=None, compile=None)
    shown = codec.job(replace(finished(), result=light))

    absent = {"stdout", "stderr", "stdout_invalid_utf8", "stderr_invalid_utf8", "compile"}
    assert absent.isdisjoint(field.name for field, _ in shown.ListFields())
    assert shown.exit_code == 3


def test_clocks_may_disagree() -> None:
    """A job that started before it was accepted waited for nothing."""
    early = replace(finished(), started_at=NOON - timedelta(seconds=1))

    assert codec.job(early).queued_ms == 0


@pytest.mark.parametrize(
    "compiled",
    [
        CompileResult(b"o", b"\xff", 1, 2.5),
        CompileResult(b"", b"", None, 0.0),
        CompileResult(b"", b"", 0, 0.0),
    ],
)
def test_a_compile_step_is_stored_and_read(compiled: CompileResult) -> None:
    """A compile step comes back as it was."""
    stored = codec.write_compile(compiled)

    assert stored is not None
    assert read_compile(events_pb2.CompileOutput.FromString(stored)) == compiled
    assert codec.write_compile(None) is None


def test_limits_are_shown() -> None:
    """Each limit stands in the field of its name."""
    shown = {field.name: value for field, value in codec.limits(DEFAULTS).ListFields()}

    assert shown == {name: getattr(DEFAULTS, name) for name in shown}
    assert len(shown) == 7
