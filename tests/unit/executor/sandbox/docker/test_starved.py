"""What is told of a job that took its runner along."""

from dataclasses import replace

from tests.integration.executor.sandbox.programs import command, limits

from ignis.executor.models import Limit, Step
from ignis.executor.runner.frames import Kind
from ignis.executor.runner.step import not_started
from ignis.executor.sandbox.docker.starved import starved

COMPILE = Step(("make",), {}, limits(memory_kb=500))
RUN = command("x", within=limits(memory_kb=300))


def test_run() -> None:
    """Memory ended the run step, which took all that it had."""
    outcome = starved(RUN, {}, 5.0)

    assert outcome.compile is None
    assert outcome.run is not None
    assert (Limit.MEMORY, 9, None, 300, 5.0) == (
        outcome.run.limit,
        outcome.run.signal,
        outcome.run.exit_code,
        outcome.run.memory_kb,
        outcome.run.wall_time_ms,
    )


def test_compile() -> None:
    """A compile step that had not come back is the one that memory ended."""
    outcome = starved(replace(RUN, compile=COMPILE), {}, 5.0)

    assert outcome.run is None
    assert outcome.compile is not None
    assert (Limit.MEMORY, 500) == (outcome.compile.limit, outcome.compile.memory_kb)


def test_after_compile() -> None:
    """A compile step that had come back is told as it was."""
    compiled = not_started("as it was")
    outcome = starved(replace(RUN, compile=COMPILE), {Kind.COMPILED: compiled}, 5.0)

    assert compiled is outcome.compile
    assert outcome.run is not None
    assert 300 == outcome.run.memory_kb
