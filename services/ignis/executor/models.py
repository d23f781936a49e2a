"""What the executor's domain speaks of: programs, limits and outcomes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

OPEN_FILES = 1024  # where nobody says otherwise


class Limit(StrEnum):
    """A limit that can end a program."""

    WALL_TIME = "wall_time"
    CPU_TIME = "cpu_time"
    MEMORY = "memory"
    OUTPUT = "output"
    PROCESSES = "processes"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one step (compile or run) may use."""

    wall_time_ms: int
    cpu_time_ms: int
    memory_kb: int
    processes: int
    output_bytes: int  # kept of each of the two streams
    file_bytes: int  # all files of the work folder together
    open_files: int = OPEN_FILES  # of each process


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """One file of a program; `name` is a validated relative path."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One command to run in the sandbox's work folder."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    limits: Limits
    path: str = ""  # where argv[0] is looked for; empty: in the PATH of `env`


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What one step did.

    `exit_code` and `signal` exclude each other; both are None when the step
    could not be started at all (`stderr` then says why). `limit` is set when
    one of the step's limits ended it, whatever the exit code looks like.
    """

    stdout: bytes
    stderr: bytes
    stdout_truncated: bool
    stderr_truncated: bool
    exit_code: int | None
    signal: int | None
    wall_time_ms: float
    cpu_time_ms: float
    memory_kb: int
    limit: Limit | None = None
    cached: bool = False  # an earlier step with the same inputs did it


@dataclass(frozen=True, slots=True)
class Origin:
    """What a compile step's result depends on beside the program, and whose it is."""

    owner: str
    language: str
    toolchain: str  # changes whenever the toolchain does


@dataclass(frozen=True, slots=True)
class Program:
    """Everything that a sandbox needs to know about one job.

    What a compile step that ended well leaves in the work folder can be kept:
    if it has up to `keep_bytes` bytes, `kept` gets it with the step's outcome
    before the program runs, else `kept` gets no bytes. As the `artefact` of
    another program it takes the place of the files and the compile step.
    """

    files: tuple[ProgramFile, ...]
    run: Step
    compile: Step | None = None
    stdin: bytes = b""
    image: str = ""  # what to run it in, by name; empty is the sandbox's own choice
    origin: Origin | None = None
    artefact: bytes = b""
    keep_bytes: int = 0
    kept: Callable[[StepOutcome, bytes], None] | None = None
    network: bool = False  # whether it may use one, where the operator allows that


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program did; `run` is None when its compile step failed."""

    compile: StepOutcome | None
    run: StepOutcome | None


class Stage(StrEnum):
    """One of the two steps."""

    COMPILE = "compile"
    RUN = "run"


class Stream(StrEnum):
    """Where a program can print."""

    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True)
class Output:
    """What a program printed just now; not all of it comes this way, the outcome has all."""

    stage: Stage
    stream: Stream
    offset: int  # bytes of this stream, in this step, that came before
    data: bytes  # at least one byte


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython that can be started before its program is known.

    A run step with this command and environment, and this search path, is run
    by a copy of the started interpreter: nothing about it differs but its price.
    """

    argv: tuple[str, str]  # the interpreter, as it is looked for, and the file that it runs
    env: Mapping[str, str]
    path: str
    version: str  # as in 3.11.2


@dataclass(frozen=True, slots=True)
class Mount:
    """A directory of the host that sandboxes see, read-only."""

    source: Path
    target: Path


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """Which driver runs, and what it can't do here."""

    driver: str
    weak_memory_limits: bool
    notes: tuple[str, ...] = field(default=())
    # The ids of the images that have the toolchains, by name; none where they are this machine's.
    images: Mapping[str, str] = field(default_factory=dict)
    network: bool = False  # whether programs may ask for one


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it came out of the queue."""

    job_id: str
    owner: str
    language: str
    language_version: str  # empty means any
    files: tuple[ProgramFile, ...]  # an empty first name stands for the language's own
    stdin: bytes
    args: tuple[str, ...]
    env: Mapping[str, str]
    compile_args: tuple[str, ...]
    limits: Limits
    labels: Mapping[str, str]
    created_at: datetime
    network: bool = False


class Verdict(StrEnum):
    """Why a job ended as it did."""

    ACCEPTED = "accepted"
    RUNTIME_ERROR = "runtime_error"
    COMPILE_ERROR = "compile_error"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    PROCESS_LIMIT = "process_limit"
    CANCELLED = "cancelled"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class Report:
    """How a job ended."""

    verdict: Verdict
    message: str  # the verdict in words
    started_at: datetime | None = None
    outcome: Outcome = Outcome(compile=None, run=None)
