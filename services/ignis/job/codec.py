"""Between protobuf messages and the job service's own types."""

from datetime import datetime

from ignis.events.decoding import read_result
from ignis.events.results import CompileResult, Result
from ignis.job.models import Ended, Job, Limits, NewJob, Program, Started, Status
from ignis.server.ids import is_id
from ignis.server.times import moment, timestamp
from ignis.v1 import events_pb2, job_pb2


def job_message(job: NewJob) -> bytes:
    """Write the message that an executor gets."""
    return events_pb2.JobMessage(
        job_id=job.job_id,
        owner=job.owner,
        spec=_spec(job.program),
        labels=job.labels,
        created_at=timestamp(job.created_at),
    ).SerializeToString()


def _spec(program: Program) -> events_pb2.JobSpec:
    limits = program.limits
    return events_pb2.JobSpec(
        language=program.language,
        language_version=program.language_version,
        files=[events_pb2.ProgramFile(name=f.name, content=f.content) for f in program.files],
        stdin=program.stdin,
        args=program.args,
        env=program.env,
        compile_args=program.compile_args,
        limits=events_pb2.ResolvedLimits(
            wall_time_ms=limits.wall_time_ms,
            cpu_time_ms=limits.cpu_time_ms,
            memory_kb=limits.memory_kb,
            processes=limits.processes,
            output_bytes=limits.output_bytes,
            file_bytes=limits.file_bytes,
            open_files=limits.open_files,
        ),
    )


def read_event(event: events_pb2.JobEvent) -> Started | Ended | None:
    """Read an event; None for a kind that this version doesn't know.

    Raises:
        ValueError: it names no job, or a time that no datetime can hold.
    """
    if not is_id(event.job_id):
        raise ValueError("no job's id")
    match event.WhichOneof("kind"):
        case "started":
            return Started(event.job_id, _storable(event.executor), moment(event.occurred_at))
        case "ended":
            return _ended(event)
        case _:
            return None


def _ended(event: events_pb2.JobEvent) -> Ended:
    ended = event.ended
    return Ended(
        job_id=event.job_id,
        owner=event.owner,
        language=event.language,
        labels=dict(event.labels),
        status=_end_status(ended.status),
        verdict=_storable(ended.verdict),
        message=_storable(ended.message),
        created_at=moment(event.created_at),
        finished_at=moment(event.occurred_at),
        executor=_storable(event.executor),
        attempt=event.attempt,
        started_at=moment(ended.started_at) if ended.HasField("started_at") else None,
        result=read_result(ended.result),
    )


def _end_status(status: str) -> Status:
    """What an end says, or `failed` where this version doesn't know the word: it is an end."""
    known = status in set(Status) and Status(status).ended
    return Status(status) if known else Status.FAILED


def _storable(text: str) -> str:
    """PostgreSQL refuses NUL in a text; an end must not be lost to one."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def write_compile(compiled: CompileResult | None) -> bytes | None:
    """Write what a compile step did, to be stored."""
    if compiled is None:
        return None
    return events_pb2.CompileOutput(
        stdout=compiled.stdout,
        stderr=compiled.stderr,
        exit_code=compiled.exit_code,
        duration_ms=compiled.duration_ms,
        cached=compiled.cached,
    ).SerializeToString()


def end_event(ended: Ended) -> events_pb2.JobEvent:
    """Write the end of a job that never ran: the job service tells of no other."""
    return events_pb2.JobEvent(
        job_id=ended.job_id,
        owner=ended.owner,
        language=ended.language,
        labels=ended.labels,
        occurred_at=timestamp(ended.finished_at),
        created_at=timestamp(ended.created_at),
        ended=events_pb2.JobEnded(
            status=ended.status.value, verdict=ended.verdict, message=ended.message
        ),
    )


def job(stored: Job) -> job_pb2.Job:
    """Write a job as clients see it."""
    written = job_pb2.Job(
        job_id=stored.job_id,
        language=stored.language,
        status=stored.status.value,
        message=stored.message,
        verdict=stored.verdict,
        executor=stored.executor,
        queued_ms=_milliseconds(stored.created_at, stored.started_at),
        labels=stored.labels,
        created_at=timestamp(stored.created_at),
        started_at=timestamp(stored.started_at),
        finished_at=timestamp(stored.finished_at),
        updated_at=timestamp(stored.updated_at),
    )
    if stored.result is not None:
        _write_result(stored.result, written)
    return written


def _write_result(result: Result, written: job_pb2.Job) -> None:
    written.MergeFrom(
        job_pb2.Job(
            exit_code=result.exit_code,
            signal=result.signal,
            exec_duration=result.exec_duration_ms,
            cpu_time=result.cpu_time_ms,
            mem_usage=result.memory_kb,
            stdout_truncated=result.stdout_truncated,
            stderr_truncated=result.stderr_truncated,
        )
    )
    if result.stdout is not None:
        written.stdout, written.stdout_invalid_utf8 = text(result.stdout)
    if result.stderr is not None:
        written.stderr, written.stderr_invalid_utf8 = text(result.stderr)
    if result.compile is not None:
        compiled = result.compile
        written.compile.CopyFrom(
            job_pb2.CompileResult(
                stdout=text(compiled.stdout)[0],
                stderr=text(compiled.stderr)[0],
                exit_code=compiled.exit_code,
                duration=round(compiled.duration_ms, 3),
                cached=compiled.cached,
            )
        )


def text(output: bytes) -> tuple[str, bool]:
    """Decode output; the flag says that bytes were replaced."""
    try:
        return output.decode(), False
    except UnicodeDecodeError:
        return output.decode(errors="replace"), True


def limits(values: Limits) -> job_pb2.Limits:
    """Write limits as clients see them."""
    return job_pb2.Limits(
        wall_time_ms=values.wall_time_ms,
        cpu_time_ms=values.cpu_time_ms,
        memory_kb=values.memory_kb,
        processes=values.processes,
        output_bytes=values.output_bytes,
        file_bytes=values.file_bytes,
        open_files=values.open_files,
    )


def _milliseconds(begin: datetime, end: datetime | None) -> float | None:
    """Milliseconds between two times; 0 where the clocks of two machines disagree."""
    return None if end is None else max(round((end - begin).total_seconds() * 1000, 3), 0)
