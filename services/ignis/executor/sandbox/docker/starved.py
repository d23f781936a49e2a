"""The outcome of a job that took so much memory that its runner died of it."""

import signal
from collections.abc import Mapping

from ignis.executor.models import Limit, Outcome, Program, Step, StepOutcome
from ignis.executor.runner.frames import Kind


def starved(program: Program, steps: Mapping[Kind, StepOutcome], wall_time_ms: float) -> Outcome:
    """Return what is known: the steps that ended, and that memory ended the next one.

    The kernel kills the largest, but many small ones that ask for it can be
    spared before the runner is; their output is lost with it.
    """
    compiled = steps.get(Kind.COMPILED)
    if program.compile is not None and compiled is None:
        return Outcome(compile=_ended(program.compile, wall_time_ms), run=None)
    return Outcome(compile=compiled, run=_ended(program.run, wall_time_ms))


def _ended(step: Step, wall_time_ms: float) -> StepOutcome:
    return StepOutcome(
        stdout=b"",
        stderr=b"",
        stdout_truncated=False,
        stderr_truncated=False,
        exit_code=None,
        signal=signal.SIGKILL,
        wall_time_ms=wall_time_ms,
        cpu_time_ms=0.0,  # nobody is left who knows
        memory_kb=step.limits.memory_kb,
        limit=Limit.MEMORY,
    )
