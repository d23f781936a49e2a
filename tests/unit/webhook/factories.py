"""What tests of the webhook service start from."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ignis.events.results import Result
from ignis.server.ids import new_id
from ignis.webhook.models import EventType, JobEvent, Webhook

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
JOB_ID = "01KAR0000000000000000000AA"

WEBHOOK = Webhook(
    id="01KAR0000000000000000000WH",
    owner="user_1",
    url="https://example.com/hook",
    events=("job.*",),
    description="",
    secret=b"s" * 32,
    is_active=True,
    created_at=NOON,
    updated_at=NOON,
)
RESULT = Result(
    stdout=b"Hello, World!\n",
    stderr=b"",
    stdout_truncated=False,
    stderr_truncated=False,
    exit_code=0,
    signal=None,
    exec_duration_ms=12.5,
    cpu_time_ms=10.0,
    memory_kb=9000,
    compile=None,
)
COMPLETED = JobEvent(
    type=EventType.JOB_COMPLETED,
    job_id=JOB_ID,
    owner="user_1",
    language="python",
    labels={"course": "cs101"},
    executor="executor-1",
    occurred_at=NOON.replace(second=2),
    created_at=NOON,
    started_at=NOON.replace(second=1),
    verdict="accepted",
    message="Exited with code 0",
    result=RESULT,
)


def webhook(**fields: Any) -> Webhook:  # noqa: ANN401 - fields of many types
    """An endpoint with a new id, and with these fields instead of the usual ones."""
    return replace(WEBHOOK, **{"id": new_id(), **fields})


def event(**fields: Any) -> JobEvent:  # noqa: ANN401 - fields of many types
    """The end of a job, with these fields instead of the usual ones."""
    return replace(COMPLETED, **fields)
