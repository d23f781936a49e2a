"""Commands of languages, with everything filled in."""

from dataclasses import replace

import pytest
from tests.unit.executor.factories import LIMITS, commands

from ignis.executor.commands import ARTEFACT, fill, interpreter
from ignis.executor.models import ProgramFile
from ignis.languages.models import Run


def test_placeholders_are_filled_in() -> None:
    """One stands for one word, or for many, or for none; other words stay."""
    command = ("cc", "-o", "{artefact}", "{compile_args}", "{files}", "{file}", "{other}", "")

    assert ("cc", "-o", "/a", "-O2", "-g", "x", "y", "x", "{other}", "") == fill(
        command, "x", "/a", ["x", "y"], ["-O2", "-g"]
    )
    assert ("cc", "-o", "/a", "x", "{other}", "") == fill(command, "x", "/a")


def test_what_users_send_is_never_filled_in() -> None:
    """A name or an argument that looks like a placeholder is taken as it is."""
    filled = fill(("{file}", "{compile_args}"), "{artefact}", "/a", [], ["{files}", "{file}"])

    assert filled == ("{artefact}", "{files}", "{file}")


def test_arguments_follow_the_program() -> None:
    """Arguments are words of their own, and the job's variables win."""
    run = commands().run("main.py", ("a b", "{file}", ""), {"PATH": "/mine"}, LIMITS)

    assert run.argv == ("python3", "main.py", "a b", "{file}", "")
    assert (run.env, run.limits) == ({"PATH": "/mine"}, LIMITS)


def test_the_toolchain_is_found_whatever_the_job_has_for_a_path() -> None:
    """A job's own PATH is for what it starts, and not for its interpreter."""
    own = commands()
    path = own.env["PATH"]

    assert own.run("main.py", (), {"PATH": "/nowhere"}, LIMITS).path == path
    assert own.run("main.py", (), {}, LIMITS).path == path


@pytest.mark.parametrize(("entry", "named"), [("-c", "./-c"), ("-x.py", "./-x.py"), ("a-b", "a-b")])
def test_a_file_is_no_option(entry: str, named: str) -> None:
    """A name that begins with a dash is not taken for an option of the interpreter."""
    assert commands().run(entry, (), {}, LIMITS).argv == ("python3", named)


def test_python_is_not_compiled() -> None:
    """A language without a compile step has none."""
    assert commands().compile([ProgramFile("main.py", b"")], (), LIMITS) is None


def test_go_is_compiled_from_all_its_files() -> None:
    """The step gets the files of the entry's kind, and limits of its own."""
    files = [ProgramFile(name, b"") for name in ("main.go", "b.go", "data.txt", "-x.go")]
    step = commands("go").compile(files, ("-race",), LIMITS)

    assert step is not None
    assert step.argv == (
        *("go", "build", "-o", ARTEFACT, "-race"),
        *("./main.go", "./b.go", "./-x.go"),
    )
    assert (30_000, 60_000) == (step.limits.wall_time_ms, step.limits.cpu_time_ms)
    assert (65_536, LIMITS.file_bytes) == (step.limits.output_bytes, step.limits.file_bytes)
    assert step.limits.memory_kb > LIMITS.memory_kb
    assert commands("go").run("main.go", ("x",), {}, LIMITS).argv == (ARTEFACT, "x")


def test_an_interpreter_is_what_a_simple_program_asks_for() -> None:
    """A program in one file, without arguments or variables, has exactly its command."""
    own = commands()
    simple = own.run("main.py", (), {}, LIMITS)
    found = interpreter([own])

    assert found is not None
    assert (simple.argv, simple.env, simple.path) == (found.argv, found.env, found.path)
    assert own.version == found.version


def test_only_cpython_is_started_ahead() -> None:
    """Nothing is known of how other programs start."""
    own = commands()
    other = own.language.model_copy(update={"run": Run(command=("node", "{file}"))})

    assert interpreter([replace(own, language=other)]) is None
