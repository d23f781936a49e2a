"""What the job service's domain speaks of: programs, jobs, results and their life."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ignis.events.results import Result


class Status(StrEnum):
    """Where a job is: `received → running → completed | failed | cancelled`."""

    RECEIVED = "received"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (Status.RECEIVED, Status.RUNNING)


INTERNAL_ERROR = "internal_error"  # the verdict of a job that Ignis itself failed
RECEIVED = "Code submitted for execution"  # the message of a job that waits
RUNNING = "Running"


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """One file; an empty name stands for the language's own."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use."""

    wall_time_ms: int
    cpu_time_ms: int
    memory_kb: int
    processes: int
    output_bytes: int
    file_bytes: int
    open_files: int


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, valid and with nothing left open."""

    language: str  # id
    language_version: str  # empty means any
    files: tuple[ProgramFile, ...]
    stdin: bytes
    args: tuple[str, ...]
    env: Mapping[str, str]
    compile_args: tuple[str, ...]
    limits: Limits


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that was accepted and is about to be stored."""

    job_id: str
    owner: str
    pool: str
    program: Program
    priority: int
    labels: Mapping[str, str]
    created_at: datetime
    request_id: str  # of the request that asked for it, for the logs
    idempotency_key: str = ""  # the client's; empty means none
    fingerprint: bytes = b""  # of the request, to tell another body under the same key


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of a job that was handed in."""

    job_id: str  # another's, when its idempotency key is known
    new: bool  # whether it was stored now
    publish: bool  # whether its turn is now


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is stored; `result` is None until it has ended."""

    job_id: str
    owner: str
    language: str
    status: Status
    message: str
    created_at: datetime
    updated_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    verdict: str | None = None
    executor: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """An executor began with a job."""

    job_id: str
    executor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """A job ended, for good."""

    job_id: str
    owner: str
    language: str
    labels: Mapping[str, str]
    status: Status
    verdict: str
    message: str
    created_at: datetime
    finished_at: datetime
    executor: str = ""
    attempt: int = 0
    started_at: datetime | None = None
    result: Result = field(default_factory=Result)


@dataclass(frozen=True, slots=True)
class Publication:
    """A job whose turn has come."""

    job_id: str
    pool: str
    attempt: int  # how often it was published, this time included
    payload: bytes  # a serialized JobMessage
    request_id: str  # of the request that asked for it


@dataclass(frozen=True, slots=True)
class Unended:
    """A job in the queue."""

    job_id: str
    pool: str
    publishes: int  # how often it was handed to JetStream


@dataclass(frozen=True, slots=True)
class Depth:
    """How many jobs of a pool have not ended."""

    pool: str
    waiting: int  # for their turn
    published: int


@dataclass(frozen=True, slots=True)
class Window:
    """How many jobs of a pool may be published at once."""

    pool: int  # in all
    user: int  # of one user


@dataclass(frozen=True, slots=True)
class Offer:
    """A language that executors offer."""

    language: str
    version: str
    aliases: tuple[str, ...]
    pool: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs a list shows; None shows all."""

    status: Status | None = None
    language: str | None = None
    created_after: datetime | None = None  # inclusive
    created_before: datetime | None = None  # exclusive
