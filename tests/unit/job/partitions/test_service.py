"""Which partitions there must be, and which are too old."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from tests.unit.job.memory import AWAY, Counts
from tests.waiting import until

from ignis.job.partitions import service
from ignis.job.partitions.service import Partition, Retention
from ignis.server.ids import first_id_at, new_id


class Partitions:
    """Remembers what was asked of it."""

    def __init__(self) -> None:
        self.made: list[Partition] = []
        self.dropped: list[date] = []
        self.keys: list[timedelta] = []
        self.failures: list[Exception] = []

    async def make(self, partitions: list[Partition]) -> None:
        """Make them."""
        if self.failures:
            raise self.failures.pop()
        self.made = partitions

    async def drop_before(self, day: date) -> list[str]:
        """Drop old ones."""
        self.dropped.append(day)
        return ["jobs_20200101"]

    async def drop_keys(self, age: timedelta) -> None:
        """Drop keys."""
        self.keys.append(age)


def test_a_partition_is_a_day() -> None:
    """A partition begins with its day's first id, and ends where the next begins."""
    today, tomorrow = (Partition.of(date(2026, 12, day)) for day in (30, 31))

    assert today.name == "jobs_20261230"
    assert today.end == tomorrow.first == first_id_at(datetime(2026, 12, 31, tzinfo=UTC))
    assert Partition.of(date(2026, 12, 31)).end == Partition.of(date(2027, 1, 1)).first


async def test_there_is_a_partition_for_each_day_to_come() -> None:
    """From yesterday to a week ahead, without gaps; today's id is in one of them."""
    partitions = Partitions()
    await Retention(partitions, 30, Counts()).apply()
    made = partitions.made
    today = datetime.now(UTC).date()

    assert len(made) == 9
    assert all(one.end == following.first for one, following in pairwise(made))
    assert made[0] in (Partition.of(today - timedelta(days=1)), Partition.of(today))
    assert sum(one.first <= new_id() < one.end for one in made) == 1


async def test_what_is_too_old_goes() -> None:
    """Jobs are kept for so many days, idempotency keys for one."""
    partitions = Partitions()
    before = datetime.now(UTC).date()
    await Retention(partitions, 30, Counts()).apply()

    days = {day - timedelta(days=30) for day in (before, datetime.now(UTC).date())}
    assert partitions.dropped[0] in days
    assert partitions.keys == [timedelta(hours=24)]


@pytest.mark.parametrize("failure", [AWAY, RuntimeError("a defect")])
async def test_it_is_applied_again_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """A round that fails ends nothing."""
    monkeypatch.setattr(service, "EVERY", 0.01)
    partitions, counts = Partitions(), Counts()
    partitions.failures = [failure]
    task = asyncio.create_task(Retention(partitions, 30, counts).run())
    await until(lambda: len(partitions.keys) >= 2)

    assert not task.done()
    assert counts.seen["failed retention"] == (failure is not AWAY)
    task.cancel()
