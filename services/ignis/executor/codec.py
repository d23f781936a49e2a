"""Between protobuf messages and the executor's own types."""

from datetime import UTC, datetime

from ignis.executor.models import (
    OPEN_FILES,
    Job,
    Limits,
    Outcome,
    Output,
    ProgramFile,
    Report,
    StepOutcome,
    Verdict,
)
from ignis.server.times import moment, timestamp
from ignis.v1 import events_pb2

_STATUS = {Verdict.ACCEPTED: "completed", Verdict.CANCELLED: "cancelled"}


def job(message: events_pb2.JobMessage) -> Job:
    """Read a job.

    Raises:
        ValueError: it has no file, or a time that no datetime can hold.
    """
    if not message.spec.files:
        raise ValueError("a job without files")
    spec, limits = message.spec, message.spec.limits
    return Job(
        job_id=message.job_id,
        owner=message.owner,
        language=spec.language,
        language_version=spec.language_version,
        files=tuple(ProgramFile(f.name, f.content) for f in spec.files),
        stdin=spec.stdin,
        args=tuple(spec.args),
        env=dict(spec.env),
        compile_args=tuple(spec.compile_args),
        limits=Limits(
            wall_time_ms=limits.wall_time_ms,
            cpu_time_ms=limits.cpu_time_ms,
            memory_kb=limits.memory_kb,
            processes=limits.processes,
            output_bytes=limits.output_bytes,
            file_bytes=limits.file_bytes,
            open_files=limits.open_files or OPEN_FILES,
        ),
        labels=dict(message.labels),
        created_at=moment(message.created_at),
        network=spec.network,
    )


def started(source: Job, executor: str, attempt: int) -> events_pb2.JobEvent:
    """Write that a job has started."""
    event = _event(source, executor, attempt)
    event.started.SetInParent()
    return event


def printed(source: Job, executor: str, attempt: int, output: Output) -> events_pb2.JobEvent:
    """Write what a job has printed just now; labels are for those who read its end."""
    event = events_pb2.JobEvent(
        job_id=source.job_id,
        owner=source.owner,
        attempt=attempt,
        executor=executor,
        output=events_pb2.JobOutput(
            stage=output.stage.value,
            stream=output.stream.value,
            offset=output.offset,
            data=output.data,
        ),
    )
    event.occurred_at.GetCurrentTime()
    return event


def ended(source: Job, executor: str, attempt: int, report: Report) -> events_pb2.JobEvent:
    """Write how a job ended."""
    event = _event(source, executor, attempt)
    event.ended.CopyFrom(
        events_pb2.JobEnded(
            status=_STATUS.get(report.verdict, "failed"),
            verdict=report.verdict.value,
            message=report.message,
            started_at=timestamp(report.started_at),
            result=_result(report.outcome),
        )
    )
    return event


def _event(source: Job, executor: str, attempt: int) -> events_pb2.JobEvent:
    return events_pb2.JobEvent(
        job_id=source.job_id,
        owner=source.owner,
        language=source.language,
        labels=source.labels,
        attempt=attempt,
        executor=executor,
        occurred_at=timestamp(datetime.now(UTC)),
        created_at=timestamp(source.created_at),
    )


def _result(outcome: Outcome) -> events_pb2.JobResult | None:
    if outcome.compile is None and outcome.run is None:
        return None
    result = events_pb2.JobResult()
    if (run := outcome.run) is not None:
        result.MergeFrom(
            events_pb2.JobResult(
                stdout=run.stdout,
                stderr=run.stderr,
                stdout_truncated=run.stdout_truncated,
                stderr_truncated=run.stderr_truncated,
                exit_code=run.exit_code,
                signal=run.signal,
                exec_duration_ms=round(run.wall_time_ms, 3),
                cpu_time_ms=round(run.cpu_time_ms, 3),
                memory_kb=run.memory_kb,
            )
        )
    if outcome.compile is not None:
        result.compile.CopyFrom(_compiled(outcome.compile))
    return result


def _compiled(step: StepOutcome) -> events_pb2.CompileOutput:
    return events_pb2.CompileOutput(
        stdout=step.stdout,
        stderr=step.stderr,
        exit_code=step.exit_code,
        duration_ms=round(step.wall_time_ms, 3),
        cached=step.cached,
    )
