"""Hostile programs as the heads of their files describe them.

A head says what the program tries, and:

    Must: <verdict>                           what has to happen, everywhere
    Must as root | as an ordinary user | in docker: <verdict>, <reason>
                                              where it differs there, and why
    Within: memory_kb=49152 processes=20      limits other than the usual ones

A verdict is one of VERDICTS or a limit's name; "memory or killed" allows both.
"""

import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import SLOWER, limits, python, ran

from ignis.executor.models import Limit, Limits, Program, StepOutcome

PROGRAMS = Path(__file__).parent / "programs"
WITHIN = limits(cpu_time_ms=1500 * SLOWER, memory_kb=96 * 1024, processes=40)
BUSY_MS = 60_000
# Said when something succeeded that must not.
ESCAPED = "ESCAPED"


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile program, in one kind of sandbox."""

    program: Program
    musts: tuple[str, ...]


def kind(mode: str) -> str:
    """Return what a head calls the sandbox of a mode."""
    if mode == "docker":
        return "in docker"
    as_root = mode == "own" and os.geteuid() == 0
    return "as root" if as_root else "as an ordinary user"


def load(path: Path, mode: str) -> Case:
    """Read a program and its head."""
    text = path.read_text()
    place = kind(mode)
    found = re.search(rf"^Must {place}: ([\w ]+)", text, re.MULTILINE) or re.search(
        r"^Must: ([\w ]+)", text, re.MULTILINE
    )
    assert found is not None, f"{path.name} doesn't say what must happen"
    musts = tuple(found[1].strip().split(" or "))
    assert set(musts) <= {*VERDICTS, *map(str, Limit)}, f"{path.name}: {musts}"
    # Neither variables nor arguments: so the program runs in the interpreter that waits for it.
    program = python(text, within=_within(text, musts), files={"place": place.encode()})
    return Case(program, musts)


def check(case: Case, result: StepOutcome) -> None:
    """Check that a program ended as its head says."""
    said = said_by(result)
    assert ESCAPED not in said
    assert any(_holds(must, result, said) for must in case.musts), (case.musts, result)


async def check_next(sandbox: Sandbox) -> None:
    """Check that the next job is right."""
    code = "import os, sys; print('next', __name__, sys.argv, os.listdir(), os.getcwd())"
    result = ran(await sandbox.run(python(code)))
    expected = b"next __main__ ['main.py'] ['main.py'] /box\n"
    assert (expected, b"", 0) == (result.stdout, result.stderr, result.exit_code)


def said_by(result: StepOutcome) -> str:
    """Return everything that a program printed."""
    return (result.stdout + result.stderr).decode(errors="replace")


VERDICTS: dict[str, Callable[[StepOutcome, str], bool]] = {
    "contained": lambda result, said: (said, result.exit_code) == ("contained\n", 0),
    # Whatever: it is enough that it ended within its limits.
    "end": lambda result, said: ESCAPED not in said and result.wall_time_ms < BUSY_MS,
    "killed": lambda result, _: result.signal in {signal.SIGKILL, signal.SIGXFSZ},
}


def _holds(must: str, result: StepOutcome, said: str) -> bool:
    if must in VERDICTS:
        return VERDICTS[must](result, said)
    return result.limit == Limit(must)


def _within(text: str, musts: tuple[str, ...]) -> Limits:
    found = re.search(r"^Within: (.+)$", text, re.MULTILINE)
    changes = {}
    for pair in found[1].split() if found else ():
        name, _, value = pair.partition("=")
        changes[name] = int(value)
    # On a busy machine all containers together weigh as much as one other process.
    if Limit.CPU_TIME in musts:
        changes.setdefault("wall_time_ms", BUSY_MS)
    return replace(WITHIN, **changes)
