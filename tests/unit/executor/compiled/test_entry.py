"""A compile step is named by all that it can depend on, and its bytes tell damage."""

from dataclasses import replace

import pytest
from tests.unit.executor.factories import LIMITS, STEP

from ignis.executor.compiled import entry
from ignis.executor.compiled.entry import DamagedError, Entry, key_of
from ignis.executor.models import Origin, Program, ProgramFile, Step

COMPILE = Step(("cc", "-O2", "main.c"), {"PATH": "/bin"}, LIMITS, path="/bin")
PROGRAM = Program(
    files=(ProgramFile("main.c", b"int"), ProgramFile("two.h", b"")),
    run=Step(("./main",), {}, LIMITS),
    compile=COMPILE,
    origin=Origin("user_1", "c", "12.2.0"),
)
KEPT = Entry(replace(STEP, stderr=b"warning\xff"), b"\0bytes")


def key(program: Program, *, shared: bool = False) -> str:
    """The name of a program's compile step."""
    return key_of(program, shared=shared)


@pytest.mark.parametrize(
    "other",
    [
        {"origin": Origin("user_2", "c", "12.2.0")},
        {"origin": Origin("user_1", "cpp", "12.2.0")},
        {"origin": Origin("user_1", "c", "12.2.1")},
        {"origin": Origin("user_1", "c1", "2.2.0")},
        {"files": PROGRAM.files[:1]},
        {"files": PROGRAM.files[::-1]},
        {"files": (ProgramFile("main.c", b"int "), PROGRAM.files[1])},
        {"files": (ProgramFile("main.cc", b"int"), PROGRAM.files[1])},
        {"files": (ProgramFile("main.ci", b"nt"), PROGRAM.files[1])},
        {"compile": replace(COMPILE, argv=("cc", "-O3", "main.c"))},
        {"compile": replace(COMPILE, argv=("cc", "-O2main.c"))},
        {"compile": replace(COMPILE, env={"PATH": "/usr/bin"})},
        {"compile": replace(COMPILE, path="/usr/bin")},
        {"compile": replace(COMPILE, limits=replace(LIMITS, file_bytes=1))},
    ],
)
def test_other_inputs_are_another_step(other: dict[str, object]) -> None:
    """Toolchain, command, environment, limits, files and their order, and owner: each counts."""
    assert key(replace(PROGRAM, **other)) != key(PROGRAM)  # type: ignore[arg-type]  # of many types


def test_what_only_the_run_step_sees_does_not_count() -> None:
    """Arguments, stdin and limits of the run step change nothing about the compile step."""
    run = Step(("./main", "x"), {"A": "b"}, replace(LIMITS, memory_kb=1))

    assert key(replace(PROGRAM, run=run, stdin=b"in")) == key(PROGRAM)


def test_owners_share_only_when_told_so() -> None:
    """One owner's step is another's where the operator says so, and under another name then."""
    other = replace(PROGRAM, origin=Origin("user_2", "c", "12.2.0"))

    assert key(PROGRAM, shared=True) == key(other, shared=True) != key(PROGRAM)
    nobody = replace(PROGRAM, origin=Origin("", "c", "12.2.0"))
    assert key(nobody) != key(nobody, shared=True)


def test_with_a_network_there_is_no_name() -> None:
    """What a compiler can fetch is no input that could be named."""
    assert not key(replace(PROGRAM, network=True))


def test_without_a_compile_step_there_is_no_name() -> None:
    """Nothing is looked for where nothing is compiled, or nobody says by what."""
    assert ["", ""] == [key(replace(PROGRAM, compile=None)), key(replace(PROGRAM, origin=None))]


def test_what_was_kept_comes_back() -> None:
    """The step's outcome, its exact output included, and the artefact."""
    assert KEPT == entry.decode("k", entry.encode("k", KEPT))


def test_damage_is_seen() -> None:
    """Other bytes anywhere, fewer, more, or another's name: nothing of it is used."""
    good = entry.encode("k", KEPT)
    damaged = [good[:n] + bytes([good[n] ^ 1]) + good[n + 1 :] for n in range(len(good))]
    for data in (*damaged, good[:-1], good + b"\0", b""):
        with pytest.raises(DamagedError):
            entry.decode("k", data)
    with pytest.raises(DamagedError):
        entry.decode("other", good)
