"""Times of use, in batches."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from tests.unit.auth.memory import NOW, metrics

from ignis.auth.models import ApiKey
from ignis.auth.usage import Usage

KEY = ApiKey("01", "anna", "a", "ign_live_abcd", "wxyz", ("s",), 5, True, None, None, NOW, NOW)


class Store:
    """A store that counts its batches, and may be away."""

    def __init__(self) -> None:
        self.batches: list[dict[str, datetime]] = []
        self.error: Exception | None = None

    async def used(self, times: Mapping[str, datetime]) -> None:
        """Keep a batch."""
        if self.error is not None:
            raise self.error
        self.batches.append(dict(times))


async def test_uses_are_written_in_one_batch() -> None:
    """A thousand uses of two keys are one write, with the last time of each."""
    store = Store()
    usage = Usage(store, metrics())
    for n in range(1000):
        usage.note(replace(KEY, id=f"{n % 2}"), NOW + timedelta(milliseconds=n))
    await usage.flush()

    assert store.batches == [
        {"0": NOW + timedelta(milliseconds=998), "1": NOW + timedelta(milliseconds=999)}
    ]


async def test_nothing_to_write_writes_nothing() -> None:
    """An idle service leaves the database alone."""
    store = Store()
    await Usage(store, metrics()).flush()

    assert store.batches == []


async def test_a_key_is_noted_once_a_minute() -> None:
    """A time of use that is a few seconds old is good enough."""
    store = Store()
    usage = Usage(store, metrics())
    usage.note(replace(KEY, last_used_at=NOW), NOW + timedelta(seconds=59))
    await usage.flush()
    assert store.batches == []

    usage.note(replace(KEY, last_used_at=NOW), NOW + timedelta(seconds=60))
    await usage.flush()
    assert store.batches == [{"01": NOW + timedelta(seconds=60)}]


async def test_what_could_not_be_written_is_written_later() -> None:
    """A database that is away for a while loses no use; newer times win."""
    store = Store()
    usage = Usage(store, metrics())
    store.error = OSError("away")
    usage.note(KEY, NOW)
    usage.note(replace(KEY, id="02"), NOW)
    await usage.flush()
    usage.note(KEY, NOW + timedelta(seconds=9))
    store.error = None
    await usage.flush()

    assert store.batches == [{"01": NOW + timedelta(seconds=9), "02": NOW}]
