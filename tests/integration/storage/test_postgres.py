"""The pool."""

import asyncio
import time
from pathlib import Path

import pytest
from tests.integration import restartable
from tests.integration.database import open_pool, settings_for
from tests.waiting import until

from ignis.errors import Unavailable
from ignis.local.ports import Ports
from ignis.local.postgres import Database
from ignis.storage import postgres as storage
from ignis.storage.postgres import connect, driver_errors, ping


async def test_a_connection_is_set_up(postgres: Database, schema: str) -> None:
    """Statements run in the service's schema and in UTC, under its name."""
    async with connect(settings_for(postgres, schema), "webhook") as pool:
        found = await pool.fetchrow(
            "SELECT current_setting('search_path'), current_setting('timezone'),"
            " current_setting('application_name')"
        )

    assert found is not None
    assert (schema, "UTC", "ignis-webhook") == tuple(found)


async def test_a_start_without_a_database_ends_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A service waits for PostgreSQL for a while, and says what to check."""
    monkeypatch.setattr(storage, "START_LIMIT", 0.5)
    with Ports() as ports:
        nobody = Database("127.0.0.1", ports.take(), "ignis", "ignis", "x")
        with pytest.raises(Unavailable, match="check DB_HOST"):
            async with open_pool(nobody, "test"):
                pass


@pytest.mark.parametrize("field", ["db_username", "db_password", "db_database"])
async def test_a_refusal_is_one_sentence(postgres: Database, field: str) -> None:
    """Wrong names and passwords are no outage: the start ends at once, and shows no secret."""
    wrong = settings_for(postgres, "test", **{field: "wrong-value"})
    began = time.monotonic()
    with pytest.raises(Unavailable, match="DB_USERNAME, DB_PASSWORD and DB_DATABASE") as caught:
        async with connect(wrong, "test"):
            pass

    assert time.monotonic() - began < storage.START_LIMIT / 2
    assert postgres.password not in caught.value.message


async def test_a_pool_outlives_a_restart(tmp_path: Path) -> None:
    """Statements are Unavailable while the server is away, and work again after."""
    async with (
        restartable.postgres_server(tmp_path) as (server, database),
        open_pool(database, "test") as pool,
    ):
        await ping(pool)
        await server.stop()
        for _ in range(3):
            with pytest.raises(Unavailable), driver_errors():
                await ping(pool)
        await server.start()

        async def answers() -> bool:
            try:
                with driver_errors():
                    await ping(pool)
            except Unavailable:
                return False
            return True

        await until(answers)


async def test_a_pool_whose_server_is_frozen_closes(
    postgres: Database, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that never ends doesn't keep the service from ending."""
    monkeypatch.setattr(storage, "CLOSE_LIMIT", 0.3)
    async with asyncio.timeout(5):
        async with open_pool(postgres, schema) as pool:
            stuck = asyncio.create_task(pool.execute("SELECT pg_sleep(60)"))
            await until(lambda: pool.get_idle_size() == 0)
        with pytest.raises(Exception, match="closed"):
            await stuck
