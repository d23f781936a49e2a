"""Keys in PostgreSQL and in memory: one suite for both."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.auth.memory import MemoryKeys

from ignis.auth.models import ApiKey, KeyChanges
from ignis.auth.store import PostgresKeys
from ignis.errors import Unavailable
from ignis.local.postgres import Database
from ignis.server.ids import new_id
from ignis.server.settings import DatabaseSettings
from ignis.storage.migrate import migrate
from ignis.storage.postgres import Pool, connect

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
Store = PostgresKeys | MemoryKeys


@asynccontextmanager
async def migrated(postgres: Database) -> AsyncIterator[Pool]:
    """A pool on a new schema."""
    schema = f"test_{secrets.token_hex(6)}"
    settings = DatabaseSettings.model_validate(
        {
            "db_host": postgres.host,
            "db_port": postgres.port,
            "db_database": postgres.database,
            "db_username": postgres.username,
            "db_password": postgres.password,
            "db_schema": schema,
        }
    )
    async with connect(settings, "auth") as pool:
        assert await migrate(pool, schema, "auth") > 0
        assert await migrate(pool, schema, "auth") == 0
        yield pool


@pytest.fixture(name="store", params=["postgres", "memory"])
async def store_fixture(request: pytest.FixtureRequest, postgres: Database) -> AsyncIterator[Store]:
    """An empty store of either kind."""
    if request.param == "memory":
        yield MemoryKeys()
        return
    async with migrated(postgres) as pool:
        yield PostgresKeys(pool)


def key(owner: str = "anna", **changes: object) -> ApiKey:
    """A key that was just made."""
    made = ApiKey(
        new_id(),
        owner,
        "größe",
        "ign_dev_ab",
        "wxyz",
        ("jobs:read",),
        5,
        True,
        None,
        None,
        NOW,
        NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # whatever a test changes


def digest() -> bytes:
    """The SHA-256 of some secret."""
    return secrets.token_bytes(32)


async def test_a_key_is_found_as_it_was_kept(store: Store) -> None:
    """Every field comes back, by its owner and by its secret."""
    made = key(expires_at=NOW + timedelta(days=1), last_used_at=NOW, is_active=False)
    hashed = digest()

    assert await store.insert(made, hashed, "n") == made
    assert await store.get("anna", made.id) == made
    assert await store.by_digest(hashed) == made
    assert await store.by_digest(digest()) is None


async def test_keys_are_their_owners(store: Store) -> None:
    """Nobody else finds, changes or removes one."""
    made = await store.insert(key(), digest(), "n")

    assert await store.get("bert", made.id) is None
    assert await store.update("bert", made.id, KeyChanges(name="b"), NOW) is None
    assert not await store.delete("bert", made.id)
    assert await store.page("bert", "", 10) == []
    assert await store.get("anna", made.id) == made


async def test_pages_are_newest_first(store: Store) -> None:
    """By id, downwards, from below the one that is named."""
    made = [await store.insert(key(), digest(), f"{n}") for n in range(4)]
    made.sort(key=lambda each: each.id, reverse=True)

    assert await store.page("anna", "", 3) == made[:3]
    assert await store.page("anna", made[1].id, 3) == made[2:]


async def test_changes_leave_the_rest_alone(store: Store) -> None:
    """What is None stays; what is given changes, and with it the time of the change."""
    made = await store.insert(key(), digest(), "n")
    later = NOW + timedelta(hours=1)
    changed = await store.update("anna", made.id, KeyChanges(is_active=False), later)
    assert changed == replace(made, is_active=False, updated_at=later)

    everything = KeyChanges("b", ("jobs:write",), 9, is_active=True, expires_at=later)
    changed = await store.update("anna", made.id, everything, later)
    assert changed == replace(
        made,
        name="b",
        scopes=("jobs:write",),
        rate_limit=9,
        expires_at=later,
        updated_at=later,
    )
    assert await store.get("anna", made.id) == changed


async def test_a_deleted_key_is_gone(store: Store) -> None:
    """Its secret too."""
    hashed = digest()
    made = await store.insert(key(), hashed, "n")

    assert await store.delete("anna", made.id)
    assert not await store.delete("anna", made.id)
    assert await store.by_digest(hashed) is None


async def test_a_repeated_request_has_one_key(store: Store) -> None:
    """The key of the first gets the secret of the second; another owner's nonce is another."""
    lost, kept = digest(), digest()
    first = await store.insert(key(), lost, "n")
    again = await store.insert(key(prefix="ign_dev_zz", last_four="0000"), kept, "n")
    await store.insert(key("bert"), digest(), "n")

    assert again == replace(first, prefix="ign_dev_zz", last_four="0000")
    assert await store.by_digest(kept) == again
    assert await store.by_digest(lost) is None
    assert len(await store.page("anna", "", 10)) == 1


async def test_times_of_use_are_kept_once_a_minute(store: Store) -> None:
    """A first use counts, one within the minute does not; keys that are gone do no harm."""
    made = await store.insert(key(), digest(), "1")
    other = await store.insert(key(), digest(), "2")

    async def used(seconds: float) -> datetime | None:
        await store.used({made.id: NOW + timedelta(seconds=seconds), new_id(): NOW})
        found = await store.get("anna", made.id)
        assert found is not None
        return found.last_used_at

    assert await used(0) == NOW
    assert await used(59) == NOW
    assert await used(60) == NOW + timedelta(seconds=60)
    assert await used(30) == NOW + timedelta(seconds=60)
    assert await store.get("anna", other.id) == other


async def test_the_lookup_uses_the_index(postgres: Database) -> None:
    """A check costs the same with a million keys as with one."""
    async with migrated(postgres) as pool:
        rows = await pool.fetch("EXPLAIN SELECT * FROM api_keys WHERE secret_hash = $1", digest())

    assert "api_keys_secret_hash_key" in str(rows)


async def test_no_secret_is_in_the_table(postgres: Database) -> None:
    """Thirty-two bytes of hash are all that is kept of a secret."""
    async with migrated(postgres) as pool:
        columns = await pool.fetch(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'api_keys' AND table_schema = current_schema()"
        )

    assert {row["column_name"] for row in columns} == {
        *ApiKey.__dataclass_fields__,
        "secret_hash",
        "nonce",
    }


async def test_a_closed_pool_is_a_database_that_is_away(postgres: Database) -> None:
    """The driver's errors are the domain's."""
    async with migrated(postgres) as pool:
        store = PostgresKeys(pool)
        await pool.close()
        with pytest.raises(Unavailable):
            await store.by_digest(digest())
