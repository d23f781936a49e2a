"""A round that fails ends nothing but itself."""

import asyncio

import pytest
from tests.unit.job.memory import AWAY, Counts

from ignis.job.rounds import survived


@pytest.mark.parametrize(("error", "counted"), [(AWAY, 0), (ValueError("x"), 1), (OSError(), 1)])
def test_errors_are_survived(error: Exception, counted: int) -> None:
    """A server that is away is no defect; anything else is counted as one."""
    counts = Counts()

    def fail() -> None:
        raise error

    with survived("work", counts):
        fail()

    assert counts.seen["failed work"] == counted


def test_being_cancelled_is_not_survived() -> None:
    """Whoever is told to stop stops."""
    counts = Counts()
    with pytest.raises(asyncio.CancelledError), survived("work", counts):
        raise asyncio.CancelledError

    assert counts.seen == {}
