"""The launchers hold where the machine is less friendly."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from ignis.local import binaries, rootless
from ignis.local.errors import StackError
from ignis.local.leftovers import Records, started
from ignis.local.ports import Ports
from ignis.local.postgres import Database, Postgres
from ignis.local.process import Command
from ignis.local.supervisor import Supervisor

ENV = {"PATH": os.environ["PATH"]}


@pytest.fixture(name="lines")
def _lines() -> list[str]:
    """What the supervisor has said."""
    return []


@pytest.fixture(name="supervisor")
async def _supervisor(tmp_path: Path, lines: list[str]) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "data", lines.append)
    yield supervisor
    await supervisor.stop()


@pytest.fixture(name="database")
def _database() -> Iterator[Database]:
    with Ports() as ports:
        yield Database("127.0.0.1", ports.take(), "my base", "some'one", "p@ss/word'")


@pytest.fixture(name="open_folder")
def _open_folder() -> Iterator[Path]:
    """A folder that any user can pass through, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        yield Path(name)


def _postgres(folder: Path) -> Postgres:
    return Postgres(binaries.find().postgres, folder / "postgres", ENV, ("fsync=off",))


async def _answers(database: Database) -> bool:
    connection = await asyncpg.connect(database.url)
    superuser = await connection.fetchval(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    await connection.close()
    return superuser is False


async def test_an_orphaned_postgres_makes_way(
    tmp_path: Path, supervisor: Supervisor, database: Database
) -> None:
    """A server that nobody remembers, on the same data, is ended before a new one starts."""
    orphan = await _postgres(tmp_path).start(supervisor, database)
    supervisor.records.remove("postgres")

    with Ports() as ports:
        moved = Database("127.0.0.1", ports.take(), "my base", "some'one", "another")
        await _postgres(tmp_path).start(supervisor, moved)

        assert not orphan.running
        assert await _answers(moved)


async def test_a_postmaster_file_of_a_stranger_is_no_obstacle(
    tmp_path: Path, supervisor: Supervisor, database: Database
) -> None:
    """After a power cut the id in postmaster.pid may be anybody's."""
    server = await _postgres(tmp_path).start(supervisor, database)
    await supervisor.end(server)
    stranger = await asyncio.create_subprocess_exec("sleep", "1000")
    stale = f"{stranger.pid}\n{tmp_path}/postgres/data\n1\n1\n\n127.0.0.1\n"
    (tmp_path / "postgres/data/postmaster.pid").write_text(stale, encoding="ascii")

    await _postgres(tmp_path).start(supervisor, database)

    assert await _answers(database)
    stranger.kill()
    await stranger.wait()


async def test_a_cluster_that_was_left_half_made_is_made_anew(
    tmp_path: Path, supervisor: Supervisor, database: Database
) -> None:
    """A first start that was killed in the middle doesn't spoil the second."""
    (tmp_path / "postgres/data.new").mkdir(parents=True)
    (tmp_path / "postgres/data.new/PG_VERSION").write_text("18\n", encoding="ascii")

    await _postgres(tmp_path).start(supervisor, database)

    assert await _answers(database)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
async def test_without_user_namespaces_root_becomes_another_user(
    supervisor: Supervisor,
    database: Database,
    open_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the kernel forbids user namespaces, the server runs as an unprivileged user."""
    works = rootless._works

    async def no_namespaces(*argv: str) -> bool:
        return not argv[0].endswith("unshare") and await works(*argv)

    monkeypatch.setattr(rootless, "_works", no_namespaces)
    server = await _postgres(open_folder).start(supervisor, database)

    assert await _answers(database)
    assert _owner(server.pid) != 0
    await supervisor.end(server)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
async def test_root_is_told_when_it_can_become_nobody(
    tmp_path: Path, supervisor: Supervisor, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no way to drop root, the line says what to do instead."""

    async def never(*_: str) -> bool:
        return False

    monkeypatch.setattr(rootless, "_works", never)

    with pytest.raises(StackError, match="DB_HOST"):
        await _postgres(tmp_path).start(supervisor, database)


async def test_a_process_that_will_not_stop_is_killed_and_told(
    tmp_path: Path, supervisor: Supervisor, lines: list[str]
) -> None:
    """Stopping is bounded, also for what ignores SIGTERM, and its children go with it."""
    script = 'trap "" TERM; sleep 1000 & echo $!; while :; do sleep 0.05; done'
    process = await supervisor.spawn(
        Command("stubborn", ("sh", "-c", script), ENV, tmp_path, patience=0.3)
    )

    async def has_spoken() -> bool:
        return process.log.stat().st_size > 0

    await process.until(has_spoken)
    child = int(process.log.read_text(encoding="ascii"))
    await supervisor.end(process)

    assert not process.running
    assert await _ends(child)
    assert "stubborn did not stop within 0 s and was killed" in lines[0]


async def test_what_never_gets_ready_is_told(tmp_path: Path, supervisor: Supervisor) -> None:
    """A start that takes too long ends with a line, not with silence."""
    process = await supervisor.spawn(Command("slow", ("sleep", "1000"), ENV, tmp_path))

    async def never() -> bool:
        return False

    with pytest.raises(StackError, match="slow did not get ready within 0 s: it said nothing"):
        await process.until(never, 0.1)


async def test_recorded_processes_are_ended_and_strangers_are_not(tmp_path: Path) -> None:
    """An id that the kernel gave to somebody else is left alone."""
    records = Records(tmp_path)
    ours = await asyncio.create_subprocess_exec("sleep", "1000")
    stranger = await asyncio.create_subprocess_exec("sleep", "1000")
    records.add("ours", ours.pid, signal.SIGTERM)
    (tmp_path / "reused.json").write_text(f"[{stranger.pid}, 1, 15]", encoding="ascii")
    (tmp_path / "torn.json").write_text("[", encoding="ascii")

    assert await records.end_all() == 1

    assert await ours.wait() == -signal.SIGTERM
    assert stranger.returncode is None
    assert not _names(tmp_path)
    stranger.kill()
    await stranger.wait()


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


async def _ends(pid: int) -> bool:
    for _ in range(500):
        if started(pid) is None:
            return True
        await asyncio.sleep(0.01)
    return False
