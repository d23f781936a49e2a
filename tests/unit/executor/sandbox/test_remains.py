"""What is told of a job whose runner is gone."""

from dataclasses import replace

from tests.integration.executor.sandbox.programs import command, limits

from ignis.executor.models import Limit, Output, Program, Stage, Step
from ignis.executor.runner.step import not_started
from ignis.executor.sandbox.heard import Heard
from ignis.executor.sandbox.remains import remains

COMPILE = Step(("make",), {}, limits(memory_kb=500))
RUN = command("x", within=limits(memory_kb=300))
BOTH = replace(RUN, compile=COMPILE)


def heard(program: Program) -> Heard:
    """Return what has been heard of a program that has just begun."""
    listening: list[Output] = []
    return Heard(program, listening.append)


def test_run() -> None:
    """Memory ended the run step, which took all that it had; what it printed is kept."""
    news = heard(RUN)
    news.output(b"\1out")
    news.output(b"\2err")
    outcome = remains(RUN, news, 5.0, Limit.MEMORY)

    assert outcome.compile is None
    assert outcome.run is not None
    assert (Limit.MEMORY, 9, None, 300, 5.0, b"out", b"err") == (
        outcome.run.limit,
        outcome.run.signal,
        outcome.run.exit_code,
        outcome.run.memory_kb,
        outcome.run.wall_time_ms,
        outcome.run.stdout,
        outcome.run.stderr,
    )


def test_killed() -> None:
    """One that was killed for none of its limits has none, and nobody knows its memory."""
    outcome = remains(RUN, heard(RUN), 5.0)

    assert outcome.run is not None
    assert (None, 9, 0) == (outcome.run.limit, outcome.run.signal, outcome.run.memory_kb)


def test_compile() -> None:
    """A compile step that had not come back is the one that memory ended."""
    news = heard(BOTH)
    news.output(b"\2compiling")
    outcome = remains(BOTH, news, 5.0, Limit.MEMORY)

    assert outcome.run is None
    assert outcome.compile is not None
    assert (Limit.MEMORY, 500, b"compiling") == (
        outcome.compile.limit,
        outcome.compile.memory_kb,
        outcome.compile.stderr,
    )


def test_after_compile() -> None:
    """A compile step that had come back is told as it was."""
    compiled = replace(not_started("as it was"), exit_code=0)
    news = heard(BOTH)
    news.ended(Stage.COMPILE, compiled)
    news.output(b"\1running")
    outcome = remains(BOTH, news, 5.0, Limit.MEMORY)

    assert compiled is outcome.compile
    assert outcome.run is not None
    assert (300, b"running") == (outcome.run.memory_kb, outcome.run.stdout)


def test_after_the_last_step() -> None:
    """Nothing is invented of a step that had come back, or that could not follow."""
    ran, failed = heard(RUN), heard(BOTH)
    ran.ended(Stage.RUN, not_started("so it ran"))
    failed.ended(Stage.COMPILE, not_started("no compiler"))

    run = remains(RUN, ran, 5.0).run
    assert run is not None
    assert b"so it ran\n" == run.stderr
    assert remains(BOTH, failed, 5.0).run is None
