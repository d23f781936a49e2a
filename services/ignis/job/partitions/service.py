"""Which partitions there must be, and which are too old."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from ignis.job.rounds import Failures, survived
from ignis.server.ids import first_id_at
from ignis.server.logs import get_logger

AHEAD = 7  # days for which partitions are made, so that a quiet week harms nothing
EVERY = 3600.0  # seconds
KEYS_AGE = timedelta(hours=24)

log = get_logger()


@dataclass(frozen=True, slots=True)
class Partition:
    """The jobs of one day, UTC."""

    name: str
    first: str  # the smallest id of the day
    end: str  # the smallest id of the day after

    @classmethod
    def of(cls, day: date) -> "Partition":
        """The partition of a day."""
        midnight = datetime.combine(day, time.min, UTC)
        return cls(
            f"jobs_{day:%Y%m%d}", first_id_at(midnight), first_id_at(midnight + timedelta(days=1))
        )


class Partitions(Protocol):
    """Where the partitions are."""

    async def make(self, partitions: list[Partition]) -> None:
        """Make those that are missing."""
        ...

    async def drop_before(self, day: date) -> list[str]:
        """Drop the older ones."""
        ...

    async def drop_keys(self, age: timedelta) -> None:
        """Forget idempotency keys of that age."""
        ...


class Retention:
    """Keeps the partitions as they must be."""

    def __init__(self, partitions: Partitions, days: int, failures: Failures) -> None:
        self._partitions = partitions
        self._days = days
        self._failures = failures

    async def apply(self) -> None:
        """Make what is missing, drop what is old."""
        today = datetime.now(UTC).date()
        # Yesterday too: an id is made a little before its row.
        days = [today + timedelta(days=ahead) for ahead in range(-1, AHEAD + 1)]
        await self._partitions.make([Partition.of(day) for day in days])
        dropped = await self._partitions.drop_before(today - timedelta(days=self._days))
        if dropped:
            log.info("dropped old jobs", partitions=dropped)
        await self._partitions.drop_keys(KEYS_AGE)

    async def run(self) -> None:
        """Apply for ever; the first time is the caller's, before it serves."""
        while True:
            await asyncio.sleep(EVERY)
            with survived("retention", self._failures):
                await self.apply()
