"""Nothing is lost between messages and the executor's own types."""

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.unit.executor.factories import GOOD, JOB, job, message, step
from tests.unit.job.factories import NOON

from ignis.executor import codec
from ignis.executor.models import Outcome, Report, Verdict
from ignis.server.times import moment


@pytest.mark.parametrize("fields", [{}, {"language_version": "", "args": (), "stdin": b""}])
def test_a_job_is_read_as_the_job_service_wrote_it(fields: dict[str, object]) -> None:
    """Every field of a job comes through, byte for byte."""
    assert job(**fields) == codec.job(message(**fields))


def test_a_limit_that_an_older_service_did_not_know() -> None:
    """A job without a limit of open files has the usual one."""
    older = message()
    older.spec.limits.ClearField("open_files")

    assert codec.job(older).limits.open_files == 1024


def test_a_job_may_ask_for_the_network() -> None:
    """The network is off unless the job says otherwise."""
    asking = message()
    asking.spec.network = True

    assert (False, True) == (codec.job(message()).network, codec.job(asking).network)


def test_a_job_that_makes_no_sense_is_refused() -> None:
    """A job without a file, or of no time, can't be read."""
    empty, timeless = message(), message()
    empty.spec.ClearField("files")
    timeless.created_at.CopyFrom(Timestamp(seconds=2**60))

    for wrong in (empty, timeless):
        with pytest.raises(ValueError, match=r"files|valid"):
            codec.job(wrong)


def test_a_start_names_its_job() -> None:
    """An event says whose job it is, which attempt, and where it runs."""
    event = codec.started(JOB, "one", 2)

    assert event.WhichOneof("kind") == "started"
    assert (JOB.job_id, "user_1", "python", {"course": "cs101"}, 2, "one") == (
        event.job_id,
        event.owner,
        event.language,
        dict(event.labels),
        event.attempt,
        event.executor,
    )
    assert moment(event.created_at) == NOON
    assert abs((datetime.now(UTC) - moment(event.occurred_at)).total_seconds()) < 60


def test_an_end_has_every_figure() -> None:
    """A result's outputs are exact, its times rounded to microseconds."""
    outcome = Outcome(compile=step(stdout=b"c", exit_code=0), run=step(exit_code=3))
    report = Report(Verdict.RUNTIME_ERROR, "words", NOON, outcome)
    ended = codec.ended(JOB, "one", 1, report).ended
    result = ended.result

    assert ("failed", "runtime_error", "words", NOON) == (
        ended.status,
        ended.verdict,
        ended.message,
        moment(ended.started_at),
    )
    assert (b"out\xff", b"err", True, False, 3) == (
        result.stdout,
        result.stderr,
        result.stdout_truncated,
        result.stderr_truncated,
        result.exit_code,
    )
    assert (12.346, 10.5, 9000) == (
        result.exec_duration_ms,
        result.cpu_time_ms,
        result.memory_kb,
    )
    assert (b"c", b"err", 0, 12.346) == (
        result.compile.stdout,
        result.compile.stderr,
        result.compile.exit_code,
        result.compile.duration_ms,
    )


@pytest.mark.parametrize(("code", "signal"), [(0, None), (None, 9), (None, None)])
def test_what_is_not_known_is_absent(code: int | None, signal: int | None) -> None:
    """An exit code of 0 is told; none is absent, and so is a signal."""
    outcome = Outcome(compile=None, run=step(exit_code=code, signal=signal))
    result = codec.ended(JOB, "one", 1, Report(Verdict.ACCEPTED, "", NOON, outcome)).ended.result

    assert (code is not None, signal is not None) == (
        result.HasField("exit_code"),
        result.HasField("signal"),
    )
    assert not result.HasField("compile")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_only_accepted_is_completed(verdict: Verdict) -> None:
    """Every other verdict is a failure, or that it was cancelled."""
    ended = codec.ended(JOB, "one", 1, Report(verdict, "", NOON, GOOD)).ended

    named = {Verdict.ACCEPTED: "completed", Verdict.CANCELLED: "cancelled"}
    assert ended.status == named.get(verdict, "failed")


def test_a_job_that_never_ran_has_no_result() -> None:
    """Without an outcome there are no figures, and no start."""
    ended = codec.ended(JOB, "one", 4, Report(Verdict.INTERNAL_ERROR, "why")).ended

    assert (False, False) == (ended.HasField("result"), ended.HasField("started_at"))


def test_a_compile_error_has_only_its_compile_step() -> None:
    """A program that didn't compile has no figures of a run."""
    outcome = Outcome(compile=step(exit_code=1), run=None)
    result = codec.ended(
        JOB, "one", 1, Report(Verdict.COMPILE_ERROR, "", NOON, outcome)
    ).ended.result

    assert result.compile.exit_code == 1
    assert (False, False) == (result.HasField("exit_code"), result.HasField("exec_duration_ms"))
