"""What tests of the executor start from."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ignis.executor.commands import Commands, CompileSettings
from ignis.executor.models import (
    Job,
    Limits,
    Outcome,
    Program,
    ProgramFile,
    StepOutcome,
)
from ignis.executor.toolchains import Toolchain
from ignis.languages import loader

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
LANGUAGES = loader.load()
LIMITS = Limits(1000, 900, 65_536, 32, 4096, 1_000_000)
JOB = Job(
    job_id="01KAR0000000000000000000AA",
    owner="user_1",
    language="python",
    language_version="",
    files=(ProgramFile("", b"print(1)\r\n\0"), ProgramFile("a/b.txt", b"\xff")),
    stdin=b"in\0",
    args=("one", "two words"),
    env={"K": "v"},
    compile_args=("-O",),
    limits=LIMITS,
    labels={"course": "cs101"},
    created_at=NOON,
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


def step(**fields: Any) -> StepOutcome:  # noqa: ANN401 - fields of many types
    """What a step did, with these fields instead of the usual ones."""
    return replace(STEP, **fields)


def commands(language: str = "python", version: str = "3.11.2") -> Commands:
    """The commands of a language."""
    return Commands(LANGUAGES[language], version, ENV, COMPILING)


def toolchain(program: Path, language: str = "python") -> Toolchain:
    """A toolchain whose program is this file."""
    return Toolchain(LANGUAGES[language], "3.11.2", program, "/bin", (), None)


class Sandbox:
    """A sandbox in which everything ends the same way."""

    def __init__(self, outcome: Outcome | Exception = GOOD) -> None:
        self.outcome = outcome
        self.programs: list[Program] = []

    async def run(self, program: Program) -> Outcome:
        """Remember a program."""
        self.programs.append(program)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome
