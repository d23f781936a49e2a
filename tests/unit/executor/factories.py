"""What tests of the executor start from."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.unit.job.factories import NEW_JOB, PROGRAM

from ignis.executor.commands import Commands, CompileSettings
from ignis.executor.live import Live
from ignis.executor.models import (
    Job,
    Limits,
    Outcome,
    Output,
    Program,
    ProgramFile,
    StepOutcome,
)
from ignis.executor.toolchains import Toolchain
from ignis.job import codec as job_codec
from ignis.languages import loader
from ignis.v1 import events_pb2

LANGUAGES = loader.load()
LIMITS = Limits(**asdict(PROGRAM.limits))
# The job service's own example, as an executor must read it.
JOB = Job(
    job_id=NEW_JOB.job_id,
    owner=NEW_JOB.owner,
    language=PROGRAM.language,
    language_version=PROGRAM.language_version,
    files=tuple(ProgramFile(file.name, file.content) for file in PROGRAM.files),
    stdin=PROGRAM.stdin,
    args=PROGRAM.args,
    env=PROGRAM.env,
    compile_args=PROGRAM.compile_args,
    limits=LIMITS,
    labels=NEW_JOB.labels,
    created_at=NEW_JOB.created_at,
)
STEP = StepOutcome(
    stdout=b"out\xff",
    stderr=b"err",
    stdout_truncated=True,
    stderr_truncated=False,
    exit_code=0,
    signal=None,
    wall_time_ms=12.34567,
    cpu_time_ms=10.5,
    memory_kb=9000,
)
GOOD = Outcome(compile=None, run=STEP)
COMPILING = CompileSettings(time_ms=10_000, output_bytes=65_536)
ENV = {"PATH": "/bin"}


def job(**fields: Any) -> Job:  # noqa: ANN401 - fields of many types
    """A job, with these fields instead of the usual ones."""
    return replace(JOB, **fields)


def message(**fields: Any) -> events_pb2.JobMessage:  # noqa: ANN401 - fields of many types
    """The job as the job service writes it, with these fields of its program instead."""
    written = job_codec.job_message(replace(NEW_JOB, program=replace(PROGRAM, **fields)))
    return events_pb2.JobMessage.FromString(written)


def step(**fields: Any) -> StepOutcome:  # noqa: ANN401 - fields of many types
    """What a step did, with these fields instead of the usual ones."""
    return replace(STEP, **fields)


def commands(language: str = "python", version: str = "3.11.2") -> Commands:
    """The commands of a language."""
    return Commands(LANGUAGES[language], version, ENV, COMPILING, lambda: version)


def toolchain(program: Path, language: str = "python") -> Toolchain:
    """A toolchain whose program is this file."""
    return Toolchain(LANGUAGES[language], "3.11.2", program, "/bin", (), None)


class Sandbox:
    """A sandbox in which everything ends the same way."""

    def __init__(self, outcome: Outcome | Exception = GOOD) -> None:
        self.outcome = outcome
        self.programs: list[Program] = []
        self.prints: list[Output] = []
        self.meanwhile: Callable[[], object] = lambda: None  # while it runs

    async def run(self, program: Program, live: Live | None = None) -> Outcome:
        """Remember a program, print, and do what happens meanwhile."""
        self.programs.append(program)
        live = live or Live()
        for output in self.prints:
            live.on_output(output)
        with live.ended_by(lambda: None):
            self.meanwhile()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome
