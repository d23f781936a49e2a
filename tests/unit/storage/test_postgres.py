"""What the driver's errors mean."""

import asyncpg
import pytest

from ignis.errors import IgnisError, NotFound, Unavailable
from ignis.storage.postgres import driver_errors

AWAY = [
    ConnectionRefusedError("10.0.0.7:5432"),
    ConnectionResetError("gone"),
    TimeoutError(),
    asyncpg.InterfaceError("pool is closed"),
    asyncpg.ConnectionDoesNotExistError("connection was closed"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    asyncpg.AdminShutdownError("terminating connection"),
    asyncpg.QueryCanceledError("canceling statement"),
]
DEFECTS = [
    asyncpg.UndefinedTableError("relation does not exist"),
    asyncpg.UniqueViolationError("duplicate key"),
    asyncpg.CharacterNotInRepertoireError("invalid byte sequence: 0x00"),
    asyncpg.exceptions._base.DataError("invalid input for query argument $1"),
    KeyError("a column"),
]


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_a_database_that_is_away_is_unavailable(error: Exception) -> None:
    """What may pass by itself is worth trying again, and tells nothing of the driver's."""
    with pytest.raises(Unavailable) as caught, driver_errors():
        raise error

    assert ("DATABASE_UNAVAILABLE", 1) == (caught.value.reason, caught.value.retry_after)
    assert str(error) not in caught.value.message or not str(error)


@pytest.mark.parametrize("error", DEFECTS, ids=lambda error: type(error).__name__)
def test_a_defect_of_ours_stays_what_it_is(error: Exception) -> None:
    """What would fail each time again isn't called an outage."""
    with pytest.raises(type(error)) as caught, driver_errors():
        raise error

    assert not isinstance(caught.value, IgnisError)


def test_domain_errors_pass() -> None:
    """A store may raise what its service expects."""
    with pytest.raises(NotFound), driver_errors():
        raise NotFound("X", "No such thing.")
