"""Migrations."""

import asyncio

import asyncpg
import pytest
from tests.integration.database import open_pool

from ignis.local.postgres import Database
from ignis.storage import migrate as module
from ignis.storage.migrate import Migration, migrate

FIRST = Migration(1, "0001_a.sql", "CREATE TABLE a (n int); INSERT INTO a VALUES (1)")
SECOND = Migration(2, "0002_b.sql", "INSERT INTO a VALUES (2)")
BROKEN = Migration(3, "0003_c.sql", "INSERT INTO a VALUES (3); SELECT nonsense")


@pytest.fixture(name="files")
def files_fixture(monkeypatch: pytest.MonkeyPatch) -> list[Migration]:
    """The files of a room, to add to."""
    files = [FIRST, SECOND]
    monkeypatch.setattr(module, "migrations", lambda _: list(files))
    return files


@pytest.mark.usefixtures("files")
async def test_everything_is_applied_once_in_its_order(postgres: Database, schema: str) -> None:
    """The first start applies all, the second nothing."""
    async with open_pool(postgres, schema) as pool:
        assert 2 == await migrate(pool, schema, "room")
        assert 0 == await migrate(pool, schema, "room")
        assert [1, 2] == [row["n"] for row in await pool.fetch("SELECT n FROM a")]


@pytest.mark.usefixtures("files")
async def test_replicas_that_start_at_once_apply_it_once(postgres: Database, schema: str) -> None:
    """Of several that start together one migrates, the others wait for it."""
    async with open_pool(postgres, schema) as one, open_pool(postgres, schema) as other:
        applied = await asyncio.gather(
            *(migrate(pool, schema, "room") for pool in (one, other, one, other))
        )

        assert [0, 0, 0, 2] == sorted(applied)
        assert 2 == await one.fetchval("SELECT count(*) FROM a")


async def test_only_what_is_new_is_applied(
    postgres: Database, schema: str, files: list[Migration]
) -> None:
    """A newer version adds its files to what an older one applied."""
    del files[1]
    async with open_pool(postgres, schema) as pool:
        assert 1 == await migrate(pool, schema, "room")
        files.append(SECOND)
        assert 1 == await migrate(pool, schema, "room")
        assert 2 == await pool.fetchval("SELECT count(*) FROM a")


@pytest.mark.usefixtures("files")
async def test_rooms_do_not_count_each_others(postgres: Database, schema: str) -> None:
    """Each room has its own numbers in the shared schema."""
    async with open_pool(postgres, schema) as pool:
        await migrate(pool, schema, "room")
        with pytest.raises(asyncpg.DuplicateTableError):
            await migrate(pool, schema, "another")


async def test_a_failed_migration_leaves_nothing(
    postgres: Database, schema: str, files: list[Migration]
) -> None:
    """All or nothing: the next start finds what the last good one left."""
    files.append(BROKEN)
    async with open_pool(postgres, schema) as pool:
        with pytest.raises(asyncpg.PostgresError):
            await migrate(pool, schema, "room")
        files.pop()
        assert 2 == await migrate(pool, schema, "room")
        assert 2 == await pool.fetchval("SELECT count(*) FROM a")
