"""Sources that attack at compile time: their compiler has no more rights than their program.

Where a sandbox has no such compiler, as Debian's plain image has none, its sources are skipped.
"""

import re
from pathlib import Path

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import command, limits, ran
from tests.security import cases

from ignis.executor.commands import ARTEFACT
from ignis.executor.models import Program, ProgramFile, Step, StepOutcome

pytestmark = pytest.mark.asyncio(loop_scope="session")
SOURCES = sorted((cases.PROGRAMS / "compile").iterdir())
WITHIN = limits(wall_time_ms=1500, cpu_time_ms=1500, memory_kb=128 * 1024, processes=40)
# Go is where conftest.py shows it.
GO = {"HOME": "/tmp", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOENV": "off"}
COMMANDS = {".c": ("gcc",), ".cpp": ("g++",), ".go": ("go", "build")}
# Run as a compiler's tool, so as a part of the compile step.
AS_COMPILER = ("forge_result", "hide_and_hold", "kill_runner", "privileges_regain", "read_secrets")


def step(name: str, args: tuple[str, ...]) -> Step:
    """Return the compile step."""
    argv = (*COMMANDS[Path(name).suffix], *args, "-o", ARTEFACT, f"./{name}")
    return Step(argv, GO | {"PATH": "/opt/go/bin:/usr/bin:/bin"}, WITHIN)


async def skip_without(sandbox: Sandbox, program: str) -> None:
    """Skip when a sandbox has no such program."""
    look = command("sh", "-c", f"PATH=/opt/go/bin:/usr/bin:/bin; command -v {program}")
    if ran(await sandbox.run(look)).exit_code != 0:
        pytest.skip(f"no {program} in this sandbox")


def check(must: str, compiled: StepOutcome) -> None:
    """Check that a compile step ended as it must, and told no secret."""
    said = cases.said_by(compiled)
    assert cases.ESCAPED not in said
    assert "root:" not in said
    holds = {
        "error": compiled.exit_code not in {0, None},
        "limit": compiled.limit is not None,
        "contained": "contained" in said,
    }
    assert holds[must], compiled


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
async def test_source(sandbox: Sandbox, path: Path) -> None:
    """It ends as its head says, tells nothing, and the next job is right."""
    await skip_without(sandbox, COMMANDS[path.suffix][0])
    text = path.read_text()  # noqa: ASYNC240 - a few bytes
    must = re.search(r"Must: (\w+)", text)
    args = re.search(r"With: (.+)", text)
    assert must is not None
    wrapper = b"print('contained', flush=True)\nraise SystemExit(1)\n"
    program = Program(
        files=(ProgramFile(path.name, path.read_bytes()), ProgramFile("wrapper.py", wrapper)),  # noqa: ASYNC240 - as above
        compile=step(path.name, tuple(args[1].split()) if args else ()),
        run=Step((ARTEFACT,), {}, WITHIN),
    )
    outcome = await sandbox.run(program)

    assert outcome.compile is not None
    check(must[1], outcome.compile)
    assert outcome.run is None or cases.ESCAPED not in cases.said_by(outcome.run)
    await cases.check_next(sandbox)


@pytest.mark.parametrize("name", AS_COMPILER)
async def test_as_compiler(sandbox: Sandbox, mode: str, name: str) -> None:
    """A compiler that runs the job's code can do no more than the program that follows."""
    case = cases.load(cases.PROGRAMS / f"{name}.py", mode)
    program = Program(files=case.program.files, compile=case.program.run, run=case.program.run)
    outcome = await sandbox.run(program)

    assert outcome.compile is not None
    cases.check(case, outcome.compile)
    cases.check(case, ran(outcome))
    await cases.check_next(sandbox)
