"""A compile step runs first, under limits of its own, and leaves its artefacts."""

import pytest
from tests.integration.executor.sandbox import engines
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import LIMITS, command, limits, ran

from ignis.executor.models import Limit, Limits, Step

pytestmark = pytest.mark.asyncio(loop_scope="module")


def shell(script: str, within: Limits = LIMITS) -> Step:
    """Return a step of one line of shell."""
    return Step(("sh", "-c", script), {}, within)


async def test_artefacts(sandbox: Sandbox) -> None:
    """What the compile step makes, the run step finds; both outcomes come back."""
    make = shell("echo '#!/bin/sh\necho made' > app; chmod +x app; echo compiled; echo warn >&2")
    outcome = await sandbox.run(command("./app", compiled_by=make))

    assert outcome.compile is not None
    assert (b"compiled\n", b"warn\n", 0) == (
        outcome.compile.stdout,
        outcome.compile.stderr,
        outcome.compile.exit_code,
    )
    assert b"made\n" == ran(outcome).stdout


async def test_failure(sandbox: Sandbox) -> None:
    """A compile step that fails is the end: the program doesn't run."""
    outcome = await sandbox.run(command("echo", "never", compiled_by=shell("echo no >&2; exit 2")))

    assert outcome.run is None
    assert outcome.compile is not None
    assert (b"no\n", 2) == (outcome.compile.stderr, outcome.compile.exit_code)


async def test_limit(sandbox: Sandbox) -> None:
    """A compile step has limits of its own."""
    endless = shell("sleep 60", limits(wall_time_ms=200))
    outcome = await sandbox.run(command("true", compiled_by=endless))

    assert outcome.run is None
    assert outcome.compile is not None
    assert Limit.WALL_TIME is outcome.compile.limit


async def test_separate_figures(sandbox: Sandbox) -> None:
    """The run step's limits and peak start from nothing after the compile step."""
    take = Step(("python3", "-c", "bytearray(150 << 20)"), {}, LIMITS)
    outcome = await sandbox.run(
        command("true", compiled_by=take, within=limits(memory_kb=64 * 1024))
    )

    assert outcome.compile is not None
    assert outcome.compile.memory_kb > 100 * 1024
    assert (None, 0) == (ran(outcome).limit, ran(outcome).exit_code)
    assert ran(outcome).memory_kb < 64 * 1024


async def test_nothing_survives_the_compile_step(sandbox: Sandbox) -> None:
    """A process that the compile step left behind is gone when the program runs."""
    leave = shell("setsid sh -c 'sleep 0.3; echo late > late' & exit 0")
    outcome = await sandbox.run(command("sh", "-c", "sleep 0.6; ls", compiled_by=leave))

    assert b"" == ran(outcome).stdout


async def test_gcc(sandbox: Sandbox) -> None:
    """A real compiler works inside."""
    if ran(await sandbox.run(command("gcc", "--version"))).exit_code != 0:
        engines.skip("no gcc")
    source = b'#include <stdio.h>\nint main(void) { puts("from C"); return 4; }\n'
    make = Step(("gcc", "-O1", "-o", "main", "main.c"), {}, LIMITS)
    outcome = await sandbox.run(command("./main", files={"main.c": source}, compiled_by=make))

    assert (b"from C\n", 4) == (ran(outcome).stdout, ran(outcome).exit_code)
