"""The same program is compiled once, and no other is taken for it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.executor.compiled.test_entry import PROGRAM
from tests.unit.executor.factories import GOOD, STEP

from ignis.executor.compiled.cache import CompileCache
from ignis.executor.compiled.entry import key_of
from ignis.executor.compiled.folder import Folder
from ignis.executor.compiled.sandbox import CachingSandbox
from ignis.executor.live import Live
from ignis.executor.models import Origin, Outcome, Output, Program, Stage, Stream
from ignis.executor.sandbox.errors import SandboxError

COMPILED = replace(STEP, stderr=b"warning: unused", wall_time_ms=123.0)
BOTH = Outcome(compile=COMPILED, run=STEP)
OTHER = replace(PROGRAM, origin=Origin("user_2", "c", "12.2.0"))


class Compiler:
    """A sandbox that compiles; what it makes differs each time."""

    def __init__(self) -> None:
        self.compiled = 0
        self.ran: list[bytes] = []  # the artefacts that it got
        self.good = True
        self.keepable = True
        self.may_compile = asyncio.Event()
        self.may_compile.set()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.broken: Exception | None = None

    async def run(self, program: Program, _live: Live | None = None) -> Outcome:
        """Compile where there is a step, and run."""
        if self.broken:
            raise self.broken
        if program.compile is None:
            assert program.files == ()
            self.ran.append(program.artefact)
            return GOOD
        self.compiled += 1
        made = b"artefact %d" % self.compiled
        await self.may_compile.wait()
        if not self.good:
            return Outcome(compile=replace(COMPILED, exit_code=1), run=None)
        if program.kept:
            assert program.keep_bytes > 0
            program.kept(COMPILED, made if self.keepable else b"")
        await self.may_end.wait()
        return BOTH


class Counts:
    """Meters."""

    def __init__(self) -> None:
        self.hits: list[bool] = []
        self.held: list[tuple[int, int]] = []

    def looked(self, *, hit: bool) -> None:
        """Note a look."""
        self.hits.append(hit)

    def holds(self, size: int, evicted: int) -> None:
        """Note a size."""
        self.held.append((size, evicted))


class Place:
    """A caching sandbox with all its parts."""

    def __init__(self, path: Path, *, shared: bool = False, most_wait: float = 5.0) -> None:
        self.inner = Compiler()
        self.counts = Counts()
        self.cache = CompileCache(Folder(path, 1 << 20, 3600), 1 << 20, self.counts)
        self.sandbox = CachingSandbox(self.inner, self.cache, shared=shared, most_wait=most_wait)
        self.path = path


@pytest.fixture(name="place")
def place_fixture(tmp_path: Path) -> Place:
    """One of its own."""
    return Place(tmp_path)


async def turns() -> None:
    """Let everything happen that can."""
    for _ in range(20):
        await asyncio.sleep(0.005)


async def test_compiled_once(place: Place) -> None:
    """The second time the compile step does not run; what it said then is told, and that it is."""
    first = await place.sandbox.run(PROGRAM)
    second = await place.sandbox.run(PROGRAM)

    assert (BOTH, 1) == (first, place.inner.compiled)
    assert replace(GOOD, compile=replace(COMPILED, cached=True)) == second
    assert ([b"artefact 1"], [False, True]) == (place.inner.ran, place.counts.hits)
    assert (4096, 0) == place.counts.held[-1]


async def test_kept_for_another_process(place: Place) -> None:
    """An executor that starts later finds it."""
    await place.sandbox.run(PROGRAM)
    later = Place(place.path)
    await later.sandbox.run(PROGRAM)

    assert (0, [b"artefact 1"]) == (later.inner.compiled, later.inner.ran)


async def test_another_owner_compiles(place: Place) -> None:
    """One user's job never runs what another's made, unless the operator says so."""
    for program in (PROGRAM, OTHER, OTHER):
        await place.sandbox.run(program)

    assert (2, [b"artefact 2"]) == (place.inner.compiled, place.inner.ran)


async def test_owners_share(tmp_path: Path) -> None:
    """Where the operator says so, owners share."""
    place = Place(tmp_path, shared=True)
    for program in (PROGRAM, OTHER):
        await place.sandbox.run(program)

    assert 1 == place.inner.compiled


@pytest.mark.parametrize("what", ["good", "keepable"])
async def test_what_is_not_kept_is_compiled_again(place: Place, what: str) -> None:
    """A compile step that fails, or leaves what can't be kept, runs each time."""
    setattr(place.inner, what, False)
    for _ in range(2):
        await place.sandbox.run(PROGRAM)

    assert (2, [], set()) == (place.inner.compiled, place.inner.ran, set(place.path.iterdir()))


async def test_damage_is_compiled_anew(place: Place) -> None:
    """An entry with another byte in it is not used, and replaced."""
    await place.sandbox.run(PROGRAM)
    [file] = place.path.iterdir()
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    for _ in range(2):
        await place.sandbox.run(PROGRAM)

    assert (2, [b"artefact 2"]) == (place.inner.compiled, place.inner.ran)


async def test_an_entry_that_breaks_a_sandbox_is_forgotten(place: Place) -> None:
    """The job's next attempt compiles."""
    await place.sandbox.run(PROGRAM)
    place.inner.broken = SandboxError("broken")
    with pytest.raises(SandboxError):
        await place.sandbox.run(PROGRAM)
    place.inner.broken = None
    await place.sandbox.run(PROGRAM)

    assert 2 == place.inner.compiled


async def test_a_program_without_a_compile_step(place: Place) -> None:
    """Nothing is looked for."""
    await place.sandbox.run(replace(PROGRAM, compile=None, files=(), origin=None))

    assert ([], [b""]) == (place.counts.hits, place.inner.ran)


async def test_many_at_once_compile_once(place: Place) -> None:
    """The others wait for the compiler, and not for the first one's program."""
    place.inner.may_compile.clear()
    place.inner.may_end.clear()
    first = asyncio.create_task(place.sandbox.run(PROGRAM))
    await turns()
    others = [asyncio.create_task(place.sandbox.run(PROGRAM)) for _ in range(8)]
    await turns()
    assert not place.inner.ran
    place.inner.may_compile.set()
    await asyncio.wait(others, timeout=5)

    assert ([b"artefact 1"] * 8, 1, False) == (
        place.inner.ran,
        place.inner.compiled,
        first.done(),
    )
    place.inner.may_end.set()
    assert BOTH == await first


@pytest.mark.parametrize("how", ["fails", "is cancelled"])
async def test_those_that_wait_are_not_left_alone(place: Place, how: str) -> None:
    """When the one that compiles comes to nothing, all others compile at once."""
    place.inner.may_compile.clear()
    first = asyncio.create_task(place.sandbox.run(PROGRAM))
    await turns()
    others = [asyncio.create_task(place.sandbox.run(PROGRAM)) for _ in range(3)]
    await turns()
    if how == "fails":
        place.inner.good = False
        place.inner.may_compile.set()
        await first
    else:
        first.cancel()
        await turns()
        assert 4 == place.inner.compiled
        place.inner.may_compile.set()
    await asyncio.gather(*others)

    assert 4 == place.inner.compiled


async def test_nobody_waits_for_long(tmp_path: Path) -> None:
    """A compiler that takes its time holds up no other job: that compiles itself."""
    place = Place(tmp_path, most_wait=0.05)
    place.inner.may_compile.clear()
    first, second = (asyncio.create_task(place.sandbox.run(PROGRAM)) for _ in range(2))
    await turns()
    await turns()
    assert 2 == place.inner.compiled
    place.inner.may_compile.set()

    assert (BOTH, BOTH) == (await first, await second)


async def test_a_full_disk_fails_no_job(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be kept is compiled again."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Folder, "write", full)
    for _ in range(2):
        assert BOTH == await place.sandbox.run(PROGRAM)


async def test_the_key_is_the_file(place: Place) -> None:
    """An entry is found under the digest of its inputs."""
    await place.sandbox.run(PROGRAM)

    assert [key_of(PROGRAM, shared=False)] == [file.name for file in place.path.iterdir()]


async def test_who_listens_hears_the_compiler(place: Place) -> None:
    """What the compiler printed then comes as output of the compile step now."""
    await place.sandbox.run(PROGRAM)
    heard: list[Output] = []
    await place.sandbox.run(PROGRAM, Live(heard.append))

    assert [
        Output(Stage.COMPILE, Stream.STDOUT, 0, COMPILED.stdout),
        Output(Stage.COMPILE, Stream.STDERR, 0, COMPILED.stderr),
    ] == heard
