"""A Python program can't tell whether its interpreter was started for it alone."""

import asyncio
import io
import py_compile
import re
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from tests.integration.executor.sandbox.cases import CASES, STDIN
from tests.integration.executor.sandbox.hosts import INTERPRETER, Sandbox, open_host
from tests.integration.executor.sandbox.programs import limits, python, ran

from ignis.executor.models import Limit, Program, ProgramFile, StepOutcome

WITHIN = limits(memory_kb=512 * 1024, wall_time_ms=30_000, cpu_time_ms=30_000)
ADDRESS = re.compile(rb"0x[0-9a-f]+")
SEED = b"print(hash('the same in every copy of an interpreter'))"


@pytest.fixture(name="mode", scope="module", params=("own", "ordinary"))
def mode_fixture(request: pytest.FixtureRequest) -> str:
    """Whose sandbox it is."""
    mode: str = request.param
    return mode


@pytest_asyncio.fixture(name="pair", scope="module", loop_scope="module")
async def pair_fixture(mode: str) -> AsyncIterator[tuple[Sandbox, Sandbox]]:
    """A sandbox with a started interpreter, and one that starts it for each program."""
    started, plain = await open_host(mode), await open_host(mode, interpreter=None)
    yield started, plain
    await asyncio.gather(started.close(), plain.close())


@pytest.fixture(name="compiled")
def compiled_fixture(tmp_path: Path) -> bytes:
    """A compiled program."""
    (tmp_path / "x.py").write_text("print('compiled', __name__)")
    py_compile.compile(str(tmp_path / "x.py"), str(tmp_path / "x.pyc"), doraise=True)
    return (tmp_path / "x.pyc").read_bytes()


def source(content: bytes, **files: bytes) -> Program:
    """Return a program whose main file has exactly these bytes."""
    program = python("", stdin=STDIN, within=WITHIN)
    others = (ProgramFile(name, data) for name, data in files.items())
    return replace(program, files=(ProgramFile("main.py", content), *others))


async def both(pair: tuple[Sandbox, Sandbox], program: Program) -> list[StepOutcome]:
    """Return what a program does in each sandbox, but for what it cost, and for addresses."""
    outcomes = [ran(one) for one in await asyncio.gather(*(one.run(program) for one in pair))]
    return [
        replace(
            one,
            stdout=ADDRESS.sub(b"0x", one.stdout),
            stderr=ADDRESS.sub(b"0x", one.stderr),
            wall_time_ms=0.0,
            cpu_time_ms=0.0,
            memory_kb=0,
        )
        for one in outcomes
    ]


@pytest.mark.asyncio(loop_scope="module")
async def test_the_interpreter_is_started_ahead(mode: str, pair: tuple[Sandbox, Sandbox]) -> None:
    """Two programs share the secret of one start; an ordinary user's don't, see boot.py."""
    seen = [[ran(await one.run(source(SEED))).stdout for _ in range(2)] for one in pair]
    assert [1 if mode == "own" else 2, 2] == [len(set(of_one)) for of_one in seen]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", CASES)
async def test_nothing_differs(name: str, pair: tuple[Sandbox, Sandbox]) -> None:
    """Output, exit code and signal are those of an interpreter of its own."""
    started, plain = await both(pair, source(CASES[name]))
    assert plain == started


@pytest.mark.asyncio(loop_scope="module")
async def test_files_beside_the_program_are_found(pair: tuple[Sandbox, Sandbox]) -> None:
    """Modules of the program's own come before those of the library."""
    program = source(b"import helper, json\n", **{"helper.py": b"print(1)", "json.py": b"print(2)"})
    started, plain = await both(pair, program)
    assert (b"1\n2\n", plain) == (started.stdout, started)


@pytest.mark.asyncio(loop_scope="module")
async def test_packages_of_the_user_are_found(pair: tuple[Sandbox, Sandbox]) -> None:
    """What an interpreter reads at its start is read, though ours has started already."""
    folder = f".local/lib/python{'.'.join(INTERPRETER.version.split('.')[:2])}/site-packages"
    program = source(b"print('main')", **{f"{folder}/usercustomize.py": b"print('custom')"})
    started, plain = await both(pair, program)
    assert (b"custom\nmain\n", plain) == (started.stdout, started)


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_not_source_is_run_as_ever(
    pair: tuple[Sandbox, Sandbox], compiled: bytes
) -> None:
    """A compiled program and an archive run, whatever their file is called."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("__main__.py", "print('archived', __file__)")
    for content in (compiled, archive.getvalue()):
        started, plain = await both(pair, source(content))
        assert plain == started
    assert b"archived /box/main.py/__main__.py\n" == started.stdout


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("argv", "env"),
    [
        (("python3", "main.py", "an argument"), {}),
        (("python3", "-X", "dev", "main.py"), {}),
        (("python3", "./main.py"), {}),
        (("python3", "missing.py"), {}),
        (("python3", "main.py"), {"PYTHONHASHSEED": "1"}),
        (("python3", "main.py"), {"HOME": "/tmp", "A": "b"}),
        (("python3", "main.py"), {"PYTHONPATH": "/box/lib", "PYTHONUNBUFFERED": "1"}),
    ],
)
async def test_other_commands_start_their_own(
    argv: tuple[str, ...], env: dict[str, str], pair: tuple[Sandbox, Sandbox]
) -> None:
    """Arguments, options and variables are those that were asked for."""
    program = source(b"import os, sys\nprint(sys.argv, sys.orig_argv, sys.flags, os.environ)")
    changed = replace(program, run=replace(program.run, argv=argv, env=env))
    started, plain = await both(pair, changed)
    assert plain == started


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("changes", [{"memory_kb": 32 * 1024}, {"open_files": 6}])
async def test_small_limits_are_enough(
    changes: dict[str, int], pair: tuple[Sandbox, Sandbox]
) -> None:
    """What it takes to get a program into a started interpreter is none of the program's."""
    program = source(b"print(1)\n" + b"#" * 79 + b"\n" * (20 << 20))
    small = replace(program, run=replace(program.run, limits=limits(**changes)))
    started, plain = await both(pair, small)
    assert (b"1\n", plain) == (started.stdout, started)


@pytest.mark.asyncio(loop_scope="module")
async def test_chance_is_not_shared(pair: tuple[Sandbox, Sandbox]) -> None:
    """Copies of one interpreter draw different numbers."""
    code = b"import random, uuid, secrets, tempfile\nprint(random.random(), uuid.uuid4())\n"
    code += b"print(secrets.token_hex(), tempfile.mktemp())\n"
    seen = [ran(await pair[0].run(source(code))).stdout.split() for _ in range(2)]
    assert not set(seen[0]) & set(seen[1])


@pytest.mark.asyncio(loop_scope="module")
async def test_limits_hold_as_ever(mode: str, pair: tuple[Sandbox, Sandbox]) -> None:
    """A loop, a sleeper, a flood and a hoarder end at the same limits."""
    cases = [
        ("while True: pass", Limit.CPU_TIME, limits(cpu_time_ms=300)),
        ("import time; time.sleep(9)", Limit.WALL_TIME, limits(wall_time_ms=500)),
        ("print('x' * 9999)", Limit.OUTPUT, limits(output_bytes=1000)),
    ]
    if mode == "own":  # elsewhere allocations may fail before the limit is seen
        hoarder = "x = []\nwhile True: x.append(bytes(1 << 20))"
        cases.append((hoarder, Limit.MEMORY, limits(memory_kb=65536)))
    for code, limit, within in cases:
        outcomes = await asyncio.gather(*(one.run(python(code, within=within)) for one in pair))
        assert [limit, limit] == [ran(outcome).limit for outcome in outcomes]
