"""The body of a delivery."""

import json
from dataclasses import replace

from tests.unit.webhook.factories import COMPLETED, JOB_ID, RESULT, event

from ignis.events.results import CompileResult
from ignis.webhook.models import EventType
from ignis.webhook.payload import OUTPUT_LIMIT, body


def test_the_end_of_a_job_is_told_in_full() -> None:
    """The body has the three members of Standard Webhooks, and the job as REST shows it."""
    assert json.loads(body(COMPLETED)) == {
        "type": "job.completed",
        "timestamp": "2026-11-23T12:00:02Z",
        "data": {
            "job_id": JOB_ID,
            "language": "python",
            "status": "completed",
            "message": "Exited with code 0",
            "verdict": "accepted",
            "executor": "executor-1",
            "queued_ms": 1000.0,
            "labels": {"course": "cs101"},
            "created_at": "2026-11-23T12:00:00Z",
            "started_at": "2026-11-23T12:00:01Z",
            "finished_at": "2026-11-23T12:00:02Z",
            "stdout": "Hello, World!\n",
            "stdout_truncated": False,
            "stdout_invalid_utf8": False,
            "stderr": "",
            "stderr_truncated": False,
            "stderr_invalid_utf8": False,
            "exit_code": 0,
            "exec_duration": 12.5,
            "cpu_time": 10.0,
            "mem_usage": 9000,
        },
    }


def test_a_start_has_no_result() -> None:
    """A job that has started is running, and nothing else is known of it."""
    started = event(
        type=EventType.JOB_STARTED,
        occurred_at=COMPLETED.started_at,
        started_at=None,
        verdict="",
        message="",
        result=None,
    )
    data = json.loads(body(started))["data"]

    assert (data["status"], data["queued_ms"]) == ("running", 1000.0)
    assert data["started_at"] == "2026-11-23T12:00:01Z"
    assert not data.keys() & {"verdict", "message", "finished_at", "stdout", "exit_code"}


def test_a_job_that_never_ran_has_no_start() -> None:
    """A job that was cancelled in the queue tells when it ended, and no more."""
    cancelled = event(
        type=EventType.JOB_CANCELLED, executor="", started_at=None, result=None, verdict="cancelled"
    )
    data = json.loads(body(cancelled))["data"]

    assert (data["status"], data["verdict"]) == ("cancelled", "cancelled")
    assert not data.keys() & {"started_at", "queued_ms", "executor", "stdout"}


def test_output_is_cut_at_16_kib_and_says_so() -> None:
    """A long output is cut between characters, and that is no fault of its encoding."""
    odd = b"." + "é".encode() * OUTPUT_LIMIT
    result = replace(RESULT, stdout=odd, stderr=b"x" * OUTPUT_LIMIT)
    data = json.loads(body(event(result=result)))["data"]

    assert len(data["stdout"].encode()) == OUTPUT_LIMIT - 1
    assert (data["stdout_truncated"], data["stdout_invalid_utf8"]) == (True, False)
    assert (data["stderr_truncated"], len(data["stderr"])) == (False, OUTPUT_LIMIT)


def test_output_that_was_cut_before_says_so_too() -> None:
    """What the executor cut is truncated, however short the rest is."""
    data = json.loads(body(event(result=replace(RESULT, stderr_truncated=True))))["data"]

    assert data["stderr_truncated"] is True


def test_bytes_that_are_no_text_are_replaced_and_flagged() -> None:
    """Any output makes good JSON: NUL is escaped, invalid UTF-8 replaced."""
    result = replace(RESULT, stdout=b"a\0b\xffc", stderr=b"half \xc3")
    data = json.loads(body(event(result=result)))["data"]

    assert data["stdout"] == "a\0b\N{REPLACEMENT CHARACTER}c"
    assert data["stderr"] == "half \N{REPLACEMENT CHARACTER}"
    assert (data["stdout_invalid_utf8"], data["stderr_invalid_utf8"]) == (True, True)


def test_the_compile_step_is_told() -> None:
    """A program that did not compile tells what the compiler said."""
    step = CompileResult(stdout=b"", stderr=b"syntax error", exit_code=1, duration_ms=80.0)
    failed = event(
        type=EventType.JOB_FAILED,
        verdict="compile_error",
        result=replace(RESULT, exit_code=None, compile=step),
    )
    data = json.loads(body(failed))["data"]

    assert "exit_code" not in data
    assert data["compile"] == {
        "stdout": "",
        "stderr": "syntax error",
        "exit_code": 1,
        "duration": 80.0,
        "cached": False,
    }


def test_the_same_event_makes_the_same_bytes() -> None:
    """What is signed once is the same the next time."""
    assert body(COMPLETED) == body(event())
