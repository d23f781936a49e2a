"""PostgreSQL: the pool, and what its errors mean."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

import asyncpg

from ignis.errors import Unavailable
from ignis.server.logs import get_logger
from ignis.server.settings import DatabaseSettings

# In quotes: the class takes no parameters at run time.
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

START_LIMIT = 30.0  # seconds that a starting service waits for the database
RETRY_EVERY = 0.2  # seconds
CONNECT_LIMIT = 5.0  # seconds; a server that doesn't even answer is away
COMMAND_LIMIT = 10.0  # seconds; a statement that takes longer is stuck
CLOSE_LIMIT = 3.0  # seconds that statements have to end when the pool closes

log = get_logger()


@asynccontextmanager
async def connect(settings: DatabaseSettings, room: str) -> AsyncIterator[Pool]:
    """Open a pool, waiting for a database that is still starting.

    Raises:
        Unavailable: there was no database within START_LIMIT.
    """
    pool = await _open(settings, room)
    try:
        yield pool
    finally:
        await _close(pool)


async def _close(pool: Pool) -> None:
    try:
        async with asyncio.timeout(CLOSE_LIMIT):
            await pool.close()
    except TimeoutError:
        log.warning("connections to the database were cut while in use")
        pool.terminate()


async def _open(settings: DatabaseSettings, room: str) -> Pool:
    deadline = asyncio.get_running_loop().time() + START_LIMIT
    while True:
        try:
            return await _create(settings, room)
        except (
            OSError,
            asyncpg.CannotConnectNowError,
            asyncpg.TooManyConnectionsError,
            TimeoutError,
        ) as error:
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable(
                    "DATABASE_UNAVAILABLE",
                    f"No PostgreSQL at {settings.db_host}:{settings.db_port}; check DB_HOST.",
                ) from error
            log.info("waiting for the database", error=str(error))
            await asyncio.sleep(RETRY_EVERY)
        except (
            asyncpg.InvalidAuthorizationSpecificationError,
            asyncpg.InvalidCatalogNameError,
        ) as error:
            raise Unavailable(
                "DATABASE_REFUSED",
                f"PostgreSQL said: {error}; check DB_USERNAME, DB_PASSWORD and DB_DATABASE.",
            ) from error


async def _create(settings: DatabaseSettings, room: str) -> Pool:
    return await asyncpg.create_pool(
        host=settings.db_host,
        port=settings.db_port,
        database=settings.db_database,
        user=settings.db_username,
        password=settings.db_password.get_secret_value() or None,
        min_size=1,
        max_size=settings.db_pool_max,
        timeout=CONNECT_LIMIT,
        command_timeout=COMMAND_LIMIT,
        server_settings={
            "search_path": settings.db_schema,
            "application_name": f"ignis-{room}",
            "timezone": "UTC",
        },
    )


async def ping(pool: Pool) -> None:
    """Ask the database for nothing."""
    await pool.fetchval("SELECT 1")


@contextmanager
def driver_errors() -> Iterator[None]:
    """Turn the driver's errors into the domain's; every method of a store runs in it.

    A refused statement is a defect of ours and passes as it is.
    """
    try:
        yield
    except asyncpg.InterfaceError as error:
        if isinstance(error, ValueError):
            raise  # a value that does not fit its parameter
        raise _away(error) from error
    except (
        OSError,
        TimeoutError,
        asyncpg.InternalClientError,  # a connection that was cut in the middle of a statement
        asyncpg.PostgresConnectionError,
        asyncpg.InsufficientResourcesError,
        asyncpg.OperatorInterventionError,
    ) as error:
        raise _away(error) from error


def _away(error: Exception) -> Unavailable:
    log.warning("the database did not answer", error=repr(error))
    return Unavailable(
        "DATABASE_UNAVAILABLE", "The database is away for now; try again.", retry_after=1
    )
