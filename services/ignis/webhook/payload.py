"""The JSON body of a delivery: `{"type", "timestamp", "data"}`, as Standard Webhooks asks for."""

import codecs
import json
from datetime import UTC, datetime

from ignis.events.results import CompileResult, Result
from ignis.webhook.models import EventType, JobEvent

OUTPUT_LIMIT = 16 * 1024  # bytes of each output; more is at GET /api/v1/jobs/{job_id}

Json = dict[str, object]


def body(event: JobEvent) -> bytes:
    """Write what an endpoint is told; field names are those of the REST API's jobs."""
    message = {
        "type": event.type.value,
        "timestamp": _time(event.occurred_at),
        "data": _present(_job(event)),
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _job(event: JobEvent) -> Json:
    started = event.type is EventType.JOB_STARTED
    started_at = event.occurred_at if started else event.started_at
    queued = (started_at - event.created_at).total_seconds() * 1000 if started_at else None
    job: Json = {
        "job_id": event.job_id,
        "language": event.language,
        "status": "running" if started else event.type.value.removeprefix("job."),
        "message": event.message or None,
        "verdict": event.verdict or None,
        "executor": event.executor or None,
        "queued_ms": None if queued is None else max(queued, 0.0),
        "labels": dict(event.labels),
        "created_at": _time(event.created_at),
        "started_at": _time(started_at) if started_at else None,
        "finished_at": None if started else _time(event.occurred_at),
    }
    return job | (_result(event.result) if event.result else {})


def _result(result: Result) -> Json:
    return {
        **_output("stdout", result.stdout or b"", truncated=result.stdout_truncated),
        **_output("stderr", result.stderr or b"", truncated=result.stderr_truncated),
        "exit_code": result.exit_code,
        "signal": result.signal,
        "exec_duration": result.exec_duration_ms,
        "cpu_time": result.cpu_time_ms,
        "mem_usage": result.memory_kb,
        "compile": _compile(result.compile) if result.compile else None,
    }


def _compile(step: CompileResult) -> Json:
    return _present(
        {
            "stdout": _text(step.stdout)[0],
            "stderr": _text(step.stderr)[0],
            "exit_code": step.exit_code,
            "duration": step.duration_ms,
            "cached": step.cached,
        }
    )


def _output(name: str, data: bytes, *, truncated: bool) -> Json:
    text, replaced = _text(data)
    return {
        name: text,
        f"{name}_truncated": truncated or len(data) > OUTPUT_LIMIT,
        f"{name}_invalid_utf8": replaced,
    }


def _text(data: bytes) -> tuple[str, bool]:
    """Read the first bytes as UTF-8; says as well whether any had to be replaced."""
    cut = data[:OUTPUT_LIMIT]
    # A character that the cut goes through is left out, and no fault of the program.
    final = len(cut) == len(data)
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(cut, final), False
    except UnicodeDecodeError:
        return codecs.getincrementaldecoder("utf-8")("replace").decode(cut, final), True


def _time(when: datetime) -> str:
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _present(fields: Json) -> Json:
    """Leave out what isn't known."""
    return {name: value for name, value in fields.items() if value is not None}
