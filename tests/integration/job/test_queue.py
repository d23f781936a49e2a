"""The queue in PostgreSQL: whose turn it is."""

import asyncio
import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.unit.job.factories import CLOSED, WIDE, ended, new_job

from ignis.job import codec
from ignis.job.models import Depth, NewJob, Publication, Started, Unended, Window
from ignis.job.queue.store import QueueStore
from ignis.job.store import JobStore
from ignis.server.ids import first_id_at, new_id
from ignis.storage.postgres import Pool

FLOOD = 10_000


async def waiting(jobs: JobStore, owner: str, *priorities: int, pool: str = "default") -> list[str]:
    """Store jobs of an owner that wait; returns their ids."""
    made: list[NewJob] = [
        new_job(owner=owner, priority=priority, pool=pool) for priority in priorities
    ]
    for job in made:
        await jobs.submit(job, CLOSED)
    return [job.job_id for job in made]


async def released(queue: QueueStore, window: Window, pool: str = "default") -> list[str]:
    """The ids that a release takes."""
    return [publication.job_id for publication in await queue.release(pool, window)]


async def age(pool: Pool, column: str, seconds: float) -> None:
    """Make all rows of the queue older."""
    await pool.execute(f"UPDATE queue SET {column} = now() - $1::interval", timedelta(0, seconds))


async def test_users_take_turns(jobs: JobStore, queue: QueueStore) -> None:
    """Everybody's first job comes before anybody's second, however many one has."""
    many = await waiting(jobs, "a", 5, 5, 5, 5)
    some = await waiting(jobs, "b", 5, 5)
    one = await waiting(jobs, "c", 5)

    assert await released(queue, WIDE) == [
        *(many[0], some[0], one[0]),
        *(many[1], some[1]),
        *many[2:],
    ]


async def test_a_user_with_places_waits_for_those_without(
    jobs: JobStore, queue: QueueStore
) -> None:
    """Whoever has a job in the window already comes after those who have none."""
    busy = await waiting(jobs, "a", 5, 5, 5)
    assert await released(queue, Window(pool=1, user=9)) == busy[:1]
    late = await waiting(jobs, "b", 5, 5)

    assert await released(queue, Window(pool=4, user=9)) == [late[0], busy[1], late[1]]


async def test_priority_counts_within_a_user(jobs: JobStore, queue: QueueStore) -> None:
    """A user's own jobs go by priority and then by age; another's priority changes nothing."""
    mine = await waiting(jobs, "a", 0, 9, 5, 9)
    theirs = await waiting(jobs, "b", 1)

    assert await released(queue, Window(pool=9, user=1)) == [mine[1], theirs[0]]
    assert await released(queue, WIDE) == [mine[3], mine[2], mine[0]]


async def test_the_windows_bound_a_release(jobs: JobStore, queue: QueueStore) -> None:
    """No more than the pool's window is published, nor of one user than his."""
    many = await waiting(jobs, "a", *[5] * 6)
    others = await waiting(jobs, "b", *[5] * 6)
    window = Window(pool=5, user=2)

    assert await released(queue, window) == [many[0], others[0], many[1], others[1]]
    assert await released(queue, window) == []
    await jobs.ended(ended(job_id=many[0]))
    assert await released(queue, window) == [many[2]]
    third = await waiting(jobs, "c", *[5] * 3)
    assert await released(queue, window) == third[:1]
    assert await released(queue, WIDE, pool="another") == []


async def test_a_release_hands_over_what_executors_get(jobs: JobStore, queue: QueueStore) -> None:
    """A publication has the job as it was accepted, and says that it is the first."""
    job = new_job()
    await jobs.submit(job, CLOSED)

    payload = codec.job_message(job)
    assert [Publication(job.job_id, "default", 1, payload, job.request_id)] == await queue.release(
        "default", WIDE
    )


async def test_two_replicas_release_each_job_once(jobs: JobStore, queue: QueueStore) -> None:
    """Releases at the same time share the jobs, and overshoot no window."""
    await waiting(jobs, "a", *[5] * 10)
    found = await asyncio.gather(*(released(queue, Window(pool=6, user=6)) for _ in range(4)))

    taken = [job_id for ids in found for job_id in ids]
    assert (len(taken), len(set(taken))) == (6, 6)


async def test_pools_that_wait_are_named_once(jobs: JobStore, queue: QueueStore) -> None:
    """Pools are named in which a job waits, and no others."""
    assert await queue.waiting_pools() == []
    for pool in ("b", "a", "b"):
        await waiting(jobs, "u", 5, 5, pool=pool)
    await jobs.submit(new_job(pool="c"), WIDE)

    assert await queue.waiting_pools() == ["a", "b"]


async def test_depths_are_counted_by_pool(jobs: JobStore, queue: QueueStore) -> None:
    """The depths tell how many wait and how many are published."""
    await waiting(jobs, "u", 5, 5, 5)
    await jobs.submit(new_job(pool="c"), WIDE)
    await released(queue, Window(pool=1, user=1))

    assert {Depth("default", 2, 1), Depth("c", 0, 1)} == set(await queue.depths())


async def flood(pool: Pool, owner: str) -> None:
    """Let one user queue FLOOD jobs."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    prefix = first_id_at(start)[:16]
    ids = [f"{prefix}{number:010d}" for number in range(FLOOD)]
    await pool.executemany(
        "INSERT INTO queue (job_id, owner, pool, priority, created_at, publishes)"
        " VALUES ($1, $2, 'default', 9, $3, 0)",
        [(job_id, owner, start) for job_id in ids],
    )
    request = codec.job_message(new_job())
    await pool.executemany(
        "INSERT INTO jobs (job_id, owner, language, labels, request, status, message, created_at,"
        " updated_at) VALUES ($1, $2, 'python', '{}', $3, 'received', '', $4, $4)",
        [(job_id, owner, request, start) for job_id in ids],
    )


async def timed(jobs: JobStore, queue: QueueStore) -> float:
    """How long one turn takes, in seconds: a job comes, is released and ends; the median."""
    times = []
    for _ in range(15):
        job = new_job(owner="quick")
        began = time.perf_counter()
        await jobs.submit(job, CLOSED)
        assert job.job_id in await released(queue, Window(pool=4, user=2))
        await jobs.ended(ended(job_id=job.job_id))
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def test_a_flood_delays_nobody(jobs: JobStore, queue: QueueStore, pool: Pool) -> None:
    """Behind 10,000 jobs of one user, another's job is released next, and as fast as ever."""
    alone = await timed(jobs, queue)
    await flood(pool, "a_flooder")
    behind = await timed(jobs, queue)
    await pool.execute("ANALYZE queue, jobs")  # as PostgreSQL does by itself, sooner or later
    known = await timed(jobs, queue)

    job = await waiting(jobs, "quick", 0)
    assert job == (await released(queue, Window(pool=9, user=9)))[:1]
    # 10,000 rows read each time would make it ten times as long, and more.
    assert max(behind, known) < 5 * alone + 0.01


async def test_a_published_job_is_looked_after_in_time(
    jobs: JobStore, queue: QueueStore, pool: Pool
) -> None:
    """Only jobs that were published long enough ago are named, and then not again at once."""
    old, young = new_job(), new_job()
    await jobs.submit(old, WIDE)
    await age(pool, "published_at", 60)
    await jobs.submit(young, WIDE)
    await waiting(jobs, "u", 5)

    assert [Unended(old.job_id, "default", 1)] == await queue.unchecked(30)
    assert await queue.unchecked(30) == []
    await age(pool, "checked_at", 60)
    assert {job.job_id for job in await queue.unchecked(30)} >= {old.job_id, young.job_id}


async def test_two_relays_look_after_different_jobs(
    jobs: JobStore, queue: QueueStore, pool: Pool
) -> None:
    """Replicas that sweep at the same time share the jobs."""
    for _ in range(10):
        await jobs.submit(new_job(), WIDE)
    await age(pool, "published_at", 60)
    found = await asyncio.gather(*(queue.unchecked(30) for _ in range(3)))

    taken = [job.job_id for jobs_of_one in found for job in jobs_of_one]
    assert (len(taken), len(set(taken))) == (10, 10)


async def test_a_job_that_waits_too_long_is_overdue(jobs: JobStore, queue: QueueStore) -> None:
    """Overdue is what nobody began with: published or not, but not what runs."""
    now = datetime.now(UTC)
    made = {
        name: new_job(job_id=first_id_at(now - timedelta(seconds=age))[:16] + new_id()[16:])
        for name, age in (("waits", 70), ("runs", 80), ("published", 90), ("young", 10))
    }
    await jobs.submit(made["published"], WIDE)
    await jobs.submit(made["runs"], WIDE)
    await jobs.submit(made["waits"], CLOSED)
    await jobs.submit(made["young"], CLOSED)
    await jobs.started(Started(made["runs"].job_id, "executor-1", now))

    assert {made["waits"].job_id, made["published"].job_id} == {
        job.job_id for job in await queue.overdue(60)
    }
    assert await queue.overdue(600) == []


async def test_a_job_is_published_again_as_long_as_it_has_not_ended(
    jobs: JobStore, queue: QueueStore
) -> None:
    """Each time counts; a job that has ended is not published."""
    job = new_job()
    await jobs.submit(job, WIDE)
    payload = codec.job_message(job)

    for attempt in (2, 3):
        again = await queue.publish_again(job.job_id)
        assert again == Publication(job.job_id, "default", attempt, payload, job.request_id)
    await jobs.ended(ended(job_id=job.job_id))
    assert await queue.publish_again(job.job_id) is None
    assert await queue.publish_again(replace(job, job_id=new_id()).job_id) is None
