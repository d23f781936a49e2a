"""Languages are proven before they are offered, and not more often than needed."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.executor.factories import GOOD, LANGUAGES, Sandbox, commands, step, toolchain

from ignis.executor.models import Outcome
from ignis.executor.selftest import SelfTests
from ignis.executor.service import Executor
from ignis.executor.toolchains import Toolchain

HELLO = Outcome(compile=None, run=step(stdout=b"Hello, World!\n"))


class Room:
    """Self-tests in a sandbox that does as it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sandbox = Sandbox(HELLO)
        self.program = folder / "python3"
        self.program.write_text("a program")

    async def passing(self, found: Toolchain | None = None, driver: str = "namespace") -> list[str]:
        """The languages that pass, as a new process would find them."""
        executor = Executor(self.sandbox, {"python": commands()})
        tests = SelfTests(executor, self.folder / "data", driver)
        return list(await tests.passing({"python": found or toolchain(self.program)}))


@pytest.fixture(name="room")
def room_fixture(tmp_path: Path) -> Room:
    """A room in which nothing is proven."""
    return Room(tmp_path)


async def test_a_language_that_works_is_offered(room: Room) -> None:
    """The self-test runs in the sandbox, with its own code."""
    assert await room.passing() == ["python"]
    [program] = room.sandbox.programs
    assert program.files[0].content == LANGUAGES["python"].test.code.encode()


@pytest.mark.parametrize(
    "outcome",
    [
        GOOD,
        Outcome(compile=None, run=step(stdout=b"Hello, World!\n", exit_code=1)),
        Outcome(compile=None, run=step(stdout=b"Hello, World!")),
        Outcome(compile=step(exit_code=2), run=None),
        Outcome(compile=None, run=None),
    ],
)
async def test_a_language_that_fails_is_not_offered(room: Room, outcome: Outcome) -> None:
    """Another output, exit code, or none at all is no proof, and is tried again next time."""
    room.sandbox.outcome = outcome
    assert await room.passing() == []
    assert await room.passing() == []

    assert len(room.sandbox.programs) == 2


async def test_a_proof_is_remembered(room: Room) -> None:
    """What passed is not run again by the next start."""
    await room.passing()
    room.sandbox.outcome = RuntimeError("not to be used")

    assert await room.passing() == ["python"]
    assert len(room.sandbox.programs) == 1


async def test_what_changed_is_proven_again(room: Room) -> None:
    """Another driver, version, language file or program needs a new proof."""
    base = toolchain(room.program)
    other = base.language.model_copy(update={"name": "Another"})
    await room.passing()
    await room.passing(driver="docker")
    await room.passing(replace(base, version="3.12"), "docker")
    await room.passing(replace(base, language=other), "docker")
    room.program.write_text("another program")
    await room.passing(replace(base, language=other), "docker")

    assert len(room.sandbox.programs) == 5


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"python": 7}'])
async def test_a_memory_that_cannot_be_read_is_forgotten(room: Room, text: str) -> None:
    """A damaged file means that everything is proven again."""
    data = room.folder / "data"
    data.mkdir()
    (data / "self-tests.json").write_text(text)

    assert await room.passing() == ["python"]
    assert len(room.sandbox.programs) == 1
