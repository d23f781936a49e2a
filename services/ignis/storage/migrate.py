"""Migrations: numbered SQL files, one folder a room, each applied once."""

import re
from dataclasses import dataclass
from importlib import resources

import asyncpg

from ignis.server.logs import get_logger
from ignis.storage.postgres import Pool

FILE = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
LOCK = 0x69676E6973  # "ignis": whoever holds it migrates, the others wait
LIMIT = 300.0  # seconds

log = get_logger()


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    number: int
    name: str
    sql: str


def migrations(room: str) -> list[Migration]:
    """Read a room's migrations, in their order."""
    folder = resources.files("ignis.storage") / "migrations" / room
    found = [
        Migration(int(match[1]), file.name, file.read_text("utf-8"))
        for file in folder.iterdir()
        if (match := FILE.fullmatch(file.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


async def migrate(pool: Pool, schema: str, room: str) -> int:
    """Apply what is new; returns how many that were.

    Any number of replicas may start at once: an advisory lock lets one work.
    """
    # The lock is the transaction's, so that a killed process lets go of it.
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK, timeout=LIMIT)
        await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            " room text, number int, name text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (room, number))"
        )
        return await _apply(connection, room)


async def _apply(connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", room: str) -> int:
    rows = await connection.fetch("SELECT number FROM schema_migrations WHERE room = $1", room)
    applied = {row["number"] for row in rows}
    new = [migration for migration in migrations(room) if migration.number not in applied]
    for migration in new:
        await connection.execute(migration.sql, timeout=LIMIT)
        await connection.execute(
            "INSERT INTO schema_migrations (room, number, name) VALUES ($1, $2, $3)",
            room,
            migration.number,
            migration.name,
        )
        log.info("migrated", migration=migration.name)
    return len(new)
