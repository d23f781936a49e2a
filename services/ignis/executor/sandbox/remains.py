"""The outcome of a job whose runner is gone: what the executor has heard of it."""

import signal

from ignis.executor.models import Limit, Outcome, Program, Stage, StepOutcome
from ignis.executor.sandbox.heard import Heard


def remains(
    program: Program, heard: Heard, wall_time_ms: float, limit: Limit | None = None
) -> Outcome:
    """Return what is known: the steps that ended, and what the next one printed.

    Args:
        program: what ran.
        heard: what came of it.
        wall_time_ms: how long it ran, as the executor saw it.
        limit: what ended it; None for none of its limits. Of memory it had all.
    """
    compiled = heard.steps.get(Stage.COMPILE)
    if program.compile is not None and compiled is None:
        return Outcome(compile=_ended(program, Stage.COMPILE, heard, wall_time_ms, limit), run=None)
    if (run := heard.steps.get(Stage.RUN)) is None and _goes_on(compiled):
        run = _ended(program, Stage.RUN, heard, wall_time_ms, limit)
    return Outcome(compile=compiled, run=run)


def _goes_on(compiled: StepOutcome | None) -> bool:
    return compiled is None or (compiled.exit_code == 0 and compiled.limit is None)


def _ended(
    program: Program, stage: Stage, heard: Heard, wall_time_ms: float, limit: Limit | None
) -> StepOutcome:
    step = program.compile if stage is Stage.COMPILE else program.run
    assert step is not None  # noqa: S101 - whoever calls has looked
    stdout, stderr = heard.printed(stage)
    return StepOutcome(
        stdout=stdout,
        stderr=stderr,
        stdout_truncated=False,
        stderr_truncated=False,
        exit_code=None,
        signal=signal.SIGKILL,
        wall_time_ms=wall_time_ms,
        cpu_time_ms=0.0,  # nobody is left who knows
        memory_kb=step.limits.memory_kb if limit is Limit.MEMORY else 0,
        limit=limit,
    )
