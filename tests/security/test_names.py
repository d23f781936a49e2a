"""Names, arguments, variables and commands that mean something to a shell, a path or a decoder."""

from dataclasses import replace

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import LIMITS, command, python, ran
from tests.security import cases

from ignis.executor.models import Program, ProgramFile, Step, StepOutcome

pytestmark = pytest.mark.asyncio(loop_scope="session")

GOOD_NAMES = (
    "a b",
    "a\nb",
    "'\"`$(touch x);&|<>*?[]{}~#!",
    "-rf",
    "--",
    "~",
    "\\..\\..\\x",
    "...",
    "\u202etxt.yp",
    "\u00e9\u0301\U0001f525",
    "\udc80",  # a byte that is no UTF-8, as Python writes it
    "x" * 255,
    "/".join(["d" * 200] * 19),  # 3.8 KB
)
BAD_NAMES = (
    "",
    ".",
    "..",
    "../outside",
    "a/../../outside",
    "a/./b",
    "a//b",
    "a/",
    "a\0b",
    "x" * 256,
    "\ud800",
    "/etc/passwd",
    "/box/absolute",
    "main.py/x",  # below a file
    "main.py",  # twice
)
GOOD_ARGUMENTS = (
    "",
    "a b",
    "a\nb\t\r",
    "'\"`$(id);&|<>*?[]{}~#!\\",
    "-c",
    "--help",
    "../../etc/passwd",
    "{file}",
    "x" * 4096,
    "\U0001f525\u202e",
    "\udcff",
)
TOO_LONG = "x" * 200_000  # the kernel takes 128 KiB
BAD_ARGUMENTS = ("a\0b", "\ud800", TOO_LONG)
GOOD_VARIABLES = {
    "PLAIN": "a\nb'\"$(id)",
    "LD_PRELOAD": "/box/evil.so",
    "LD_LIBRARY_PATH": "/box",
    "PATH": "/box:../..:",  # is for the job alone: it doesn't choose what is run
    "IFS": "/",
    "with space": "x",
    "BASH_FUNC_ls%%": "() { echo ESCAPED; }",
}
BAD_VARIABLES = (("", "x"), ("a=b", "x"), ("a\0b", "x"), ("\ud800", "x"), ("A", "a\0b"))
WALK = (
    "import os\n"
    "for folder, _, files in os.walk('.'):\n"
    "  for name in files: print(ascii(os.path.join(folder, name)[2:]))\n"
)
SHOW_ARGUMENTS = "import sys\nfor one in sys.argv[1:]: print(ascii(one))"
SHOW_VARIABLES = "import ast, os, sys\nprint(ascii({n: os.environ[n] for n in sys.argv[1:]}))"


def check_refused(result: StepOutcome) -> None:
    """Check that a step was not started, and that this is told in words."""
    assert (None, None, b"") == (result.exit_code, result.signal, result.stdout)
    assert b"" != result.stderr
    assert b"Traceback" not in result.stderr


async def test_good_names(sandbox: Sandbox) -> None:
    """Files are made below the work folder under just their names."""
    files = dict.fromkeys(GOOD_NAMES, b"x")
    result = ran(await sandbox.run(python(WALK, files=files)))

    assert b"" == result.stderr
    assert {*map(ascii, GOOD_NAMES), "'main.py'"} == set(result.stdout.decode().splitlines())


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: ascii(name)[:40])
async def test_bad_name(sandbox: Sandbox, name: str) -> None:
    """What is no name of a new file below the work folder is refused."""
    files = (ProgramFile("main.py", b"print('ESCAPED')"), ProgramFile(name, b"x"))
    program = Program(files=files, run=Step(("python3", "main.py"), {}, cases.WITHIN))

    check_refused(ran(await sandbox.run(program)))


async def test_good_arguments(sandbox: Sandbox) -> None:
    """Arguments arrive as they are, whatever a shell would do with them."""
    result = ran(await sandbox.run(python(SHOW_ARGUMENTS, *GOOD_ARGUMENTS)))

    assert b"" == result.stderr
    assert list(map(ascii, GOOD_ARGUMENTS)) == result.stdout.decode().splitlines()


@pytest.mark.parametrize("argument", BAD_ARGUMENTS, ids=lambda argument: ascii(argument)[:9])
async def test_bad_argument(sandbox: Sandbox, argument: str) -> None:
    """What no process can be given is refused."""
    check_refused(ran(await sandbox.run(python(SHOW_ARGUMENTS, argument))))


async def test_good_variables(sandbox: Sandbox) -> None:
    """Variables arrive as they are, and change neither what is run nor who reports it."""
    program = python(SHOW_VARIABLES, *GOOD_VARIABLES, env=GOOD_VARIABLES)
    program = replace(program, run=replace(program.run, path="/usr/local/bin:/usr/bin:/bin"))
    result = ran(await sandbox.run(program))

    # The loader says that it can't preload what isn't there.
    assert (ascii(GOOD_VARIABLES), 0) == (result.stdout.decode().strip(), result.exit_code)


@pytest.mark.parametrize(("name", "value"), BAD_VARIABLES, ids=ascii)
async def test_bad_variable(sandbox: Sandbox, name: str, value: str) -> None:
    """What can't be a variable is refused."""
    check_refused(ran(await sandbox.run(command("true", env={name: value}))))


@pytest.mark.parametrize("program", ["", "a\0b", "../etc/passwd", "/box", "x" * 5000], ids=len)
async def test_bad_command(sandbox: Sandbox, program: str) -> None:
    """A command that can't be run is refused, and nothing else runs in its place."""
    step = Step((program, "-c", "echo ESCAPED"), {}, LIMITS, path="/bin")

    check_refused(ran(await sandbox.run(Program(files=(), run=step))))


async def test_after_all(sandbox: Sandbox) -> None:
    """The next job is right."""
    await cases.check_next(sandbox)
