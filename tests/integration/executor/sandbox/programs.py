"""Short ways to say what a sandbox shall run."""

import os
from collections.abc import Mapping
from dataclasses import replace

from ignis.executor.models import Limits, Outcome, Program, ProgramFile, Step, StepOutcome

# How many times slower than a real one an emulated processor is (make test-cgroup2).
SLOWER = int(os.environ.get("IGNIS_TEST_SLOWER", "1"))
LIMITS = Limits(
    wall_time_ms=10_000 * SLOWER,
    cpu_time_ms=10_000 * SLOWER,
    memory_kb=256 * 1024,
    processes=64,
    output_bytes=64 * 1024,
    file_bytes=64 * 1024 * 1024,
)


def limits(**changes: int) -> Limits:
    """Return the usual limits with some changed."""
    return replace(LIMITS, **changes)


def command(
    *argv: str,
    files: Mapping[str, bytes] | None = None,
    stdin: bytes = b"",
    within: Limits = LIMITS,
    env: Mapping[str, str] | None = None,
    compiled_by: Step | None = None,
) -> Program:
    """Return a program of one command."""
    return Program(
        files=tuple(ProgramFile(name, content) for name, content in (files or {}).items()),
        run=Step(argv, env or {}, within),
        compile=compiled_by,
        stdin=stdin,
    )


def python(
    code: str,
    *args: str,
    files: Mapping[str, bytes] | None = None,
    stdin: bytes = b"",
    within: Limits = LIMITS,
    env: Mapping[str, str] | None = None,
) -> Program:
    """Return a program of Python source."""
    everything = {"main.py": code.encode(), **(files or {})}
    argv = ("python3", "main.py", *args)
    return command(*argv, files=everything, stdin=stdin, within=within, env=env)


def ran(outcome: Outcome) -> StepOutcome:
    """Return the run step's outcome, which there must be."""
    assert outcome.run is not None
    return outcome.run
