"""Partitions in PostgreSQL: days, borders and retention."""

from datetime import UTC, datetime, timedelta

from tests.unit.job.factories import CLOSED, WIDE, new_job

from ignis.job.metrics import JobMetrics
from ignis.job.models import Depth, Filter
from ignis.job.partitions.service import Partition, Retention
from ignis.job.partitions.store import PartitionStore
from ignis.job.queue.store import QueueStore
from ignis.job.store import JobStore
from ignis.server.ids import first_id_at
from ignis.server.metrics import Metrics
from ignis.storage.postgres import Pool

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


async def partition_of(pool: Pool, job_id: str) -> str:
    """The name of the partition that a job is in."""
    return str(
        await pool.fetchval("SELECT tableoid::regclass::text FROM jobs WHERE job_id = $1", job_id)
    )


def id_at(when: datetime) -> str:
    """An id of that time."""
    return first_id_at(when)[:-1] + "1"


async def test_a_border_of_days_parts_two_jobs(jobs: JobStore, pool: Pool) -> None:
    """The last millisecond of a day and the first of the next are in two partitions, one list."""
    border = TODAY + timedelta(days=1)
    last = new_job(job_id=id_at(border - timedelta(milliseconds=1)))
    first = new_job(job_id=first_id_at(border))
    for job in (last, first):
        await jobs.submit(job, WIDE)

    days = (TODAY.date(), border.date())
    assert [Partition.of(day).name for day in days] == [
        await partition_of(pool, last.job_id),
        await partition_of(pool, first.job_id),
    ]
    listed = await jobs.list("user_1", Filter(), 10, "")
    assert [job.job_id for job in listed] == [first.job_id, last.job_id]


async def test_there_are_partitions_ahead(jobs: JobStore) -> None:
    """A job of yesterday's last request, and of a week ahead, finds its place."""
    for days in (-1, 0, 7):
        job = new_job(job_id=id_at(TODAY + timedelta(days=days, hours=23)))
        assert (await jobs.submit(job, WIDE)).new


async def test_retention_can_be_applied_again(pool: Pool) -> None:
    """What is there stays, also when two replicas apply it."""
    retention = Retention(PartitionStore(pool), 30, JobMetrics(Metrics("job")))
    before = await pool.fetch("SELECT inhrelid FROM pg_inherits")
    await retention.apply()
    await retention.apply()

    assert await pool.fetch("SELECT inhrelid FROM pg_inherits") == before


async def test_old_days_go(jobs: JobStore, queue: QueueStore, pool: Pool) -> None:
    """Jobs of days before the retention go, with their places in the queue; the rest stays."""
    store = PartitionStore(pool)
    days = [TODAY - timedelta(days=age) for age in (4, 3, 2)]
    await store.make([Partition.of(day.date()) for day in days])
    old = [new_job(job_id=id_at(day), owner=f"user_{place}") for place, day in enumerate(days)]
    for job in old:
        await jobs.submit(job, CLOSED)

    dropped = await store.drop_before(days[2].date())
    assert dropped == [Partition.of(day.date()).name for day in days[:2]]
    found = [await jobs.find(job.job_id) is not None for job in old]
    assert found == [False, False, True]
    assert [Depth("default", waiting=1, published=0)] == await queue.depths()
    assert [p.job_id for p in await queue.release("default", WIDE)] == [old[2].job_id]


async def test_old_keys_go(jobs: JobStore, pool: Pool) -> None:
    """An idempotency key is forgotten after its day, a younger one stays."""
    now = datetime.now(UTC)
    for key, age in (("old", 25), ("young", 23)):
        made = new_job(idempotency_key=key, created_at=now - timedelta(hours=age))
        await jobs.submit(made, WIDE)
    await PartitionStore(pool).drop_keys(timedelta(hours=24))

    keys = await pool.fetch("SELECT key FROM idempotency_keys")
    assert [row["key"] for row in keys] == ["young"]
