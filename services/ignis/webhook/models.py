"""What the webhook service knows: endpoints, events, deliveries."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ignis.events.results import Result

SECRET_PREFIX = "whsec_"  # noqa: S105 - what Standard Webhooks puts before every secret
EVERY_JOB_EVENT = "job.*"


class EventType(StrEnum):
    """What an endpoint can be told."""

    JOB_STARTED = "job.started"
    JOB_COMPLETED = "job.completed"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"


CHOICES = (*(kind.value for kind in EventType), EVERY_JOB_EVENT)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator allows."""

    max_endpoints: int  # of one user
    development: bool  # http and 127.0.0.0/8 are allowed


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """An endpoint as its owner asks for it."""

    url: str
    events: tuple[str, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change about an endpoint; None leaves a field as it is."""

    url: str | None = None
    events: tuple[str, ...] | None = None
    description: str | None = None
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint."""

    id: str
    owner: str
    url: str
    events: tuple[str, ...]
    description: str
    secret: bytes = field(repr=False)  # the key that deliveries are signed with
    is_active: bool
    created_at: datetime
    updated_at: datetime

    @property
    def shown_secret(self) -> str:
        """The secret as its owner gets it (https://www.standardwebhooks.com)."""
        return SECRET_PREFIX + b64encode(self.secret).decode("ascii")


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a user's endpoints, newest first."""

    webhooks: tuple[Webhook, ...]
    limit: int
    next_cursor: str  # empty on the last page


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job."""

    type: EventType
    job_id: str
    owner: str
    language: str
    labels: Mapping[str, str]
    executor: str  # empty when it never ran
    occurred_at: datetime
    created_at: datetime
    started_at: datetime | None  # None when it never ran
    verdict: str  # empty until the job has ended
    message: str
    result: Result | None

    @property
    def id(self) -> str:
        """The event's id: however often it is told, the same.

        A job has one end, whichever it is.
        """
        kind = "started" if self.type is EventType.JOB_STARTED else "end"
        return f"evt_{self.job_id}_{kind}"
