"""Jobs in PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.job.factories import CLOSED, RESULT, WIDE, ended, new_job

from ignis.errors import AlreadyExists
from ignis.events.results import CompileResult, Result
from ignis.job.models import RECEIVED, Filter, Started, Status, Submission
from ignis.job.store import JobStore
from ignis.server.ids import new_id
from ignis.storage.postgres import Pool

NO_ONE = "user_2"


async def rows(pool: Pool, table: str) -> int:
    """How many rows a table has."""
    return int(await pool.fetchval(f"SELECT count(*) FROM {table}"))


async def test_a_job_is_stored_and_read_by_its_owner(jobs: JobStore) -> None:
    """What was accepted is there, and for nobody else."""
    job = new_job(labels={"a": "ü", "b": ""})
    submission = await jobs.submit(job, WIDE)
    stored = await jobs.get(job.owner, job.job_id)

    assert Submission(job.job_id, new=True, publish=True) == submission
    assert stored is not None
    assert (job.job_id, job.owner, "python", Status.RECEIVED, RECEIVED) == (
        stored.job_id,
        stored.owner,
        stored.language,
        stored.status,
        stored.message,
    )
    assert (job.labels, job.created_at, None) == (stored.labels, stored.created_at, stored.result)
    assert await jobs.get(NO_ONE, job.job_id) is None
    assert await jobs.find(job.job_id) == stored


async def test_one_id_makes_one_row(jobs: JobStore, pool: Pool) -> None:
    """A request that the gateway repeats stores nothing more, also at the same time."""
    job = new_job()
    submissions = await asyncio.gather(*(jobs.submit(job, WIDE) for _ in range(5)))

    assert sorted(submission.new for submission in submissions) == [False] * 4 + [True]
    assert {submission.job_id for submission in submissions} == {job.job_id}
    assert (await rows(pool, "jobs"), await rows(pool, "queue")) == (1, 1)


async def test_an_idempotency_key_names_one_job(jobs: JobStore, pool: Pool) -> None:
    """The same key and body answer with the first job; keys of others are their own."""
    first = new_job(idempotency_key="k", fingerprint=b"body")
    same = replace(first, job_id=new_id())
    theirs = replace(first, job_id=new_id(), owner=NO_ONE)

    assert Submission(first.job_id, new=True, publish=True) == await jobs.submit(first, WIDE)
    assert Submission(first.job_id, new=False, publish=False) == await jobs.submit(same, WIDE)
    assert Submission(theirs.job_id, new=True, publish=True) == await jobs.submit(theirs, WIDE)
    assert await rows(pool, "jobs") == 2


async def test_a_key_with_two_bodies_is_refused(jobs: JobStore, pool: Pool) -> None:
    """The same key with another body is an error, and stores nothing."""
    first = new_job(idempotency_key="k", fingerprint=b"body")
    await jobs.submit(first, WIDE)
    with pytest.raises(AlreadyExists) as caught:
        await jobs.submit(new_job(idempotency_key="k", fingerprint=b"another"), WIDE)

    assert caught.value.reason == "IDEMPOTENCY_KEY_REUSED"
    assert await rows(pool, "jobs") == 1


async def test_two_requests_with_one_key_at_once_make_one_job(jobs: JobStore, pool: Pool) -> None:
    """Whoever comes first gets the key; the others are answered with his job."""
    copies = [new_job(idempotency_key="k", fingerprint=b"body") for _ in range(6)]
    submissions = await asyncio.gather(*(jobs.submit(copy, WIDE) for copy in copies))

    assert len({submission.job_id for submission in submissions}) == 1
    assert await rows(pool, "jobs") == 1


async def test_a_key_is_good_for_a_day(jobs: JobStore) -> None:
    """After 24 hours the same key makes a new job, whatever its body."""
    day_ago = datetime.now(UTC) - timedelta(hours=24, seconds=1)
    await jobs.submit(new_job(idempotency_key="k", fingerprint=b"1", created_at=day_ago), WIDE)
    later = new_job(idempotency_key="k", fingerprint=b"2")

    assert (await jobs.submit(later, WIDE)).job_id == later.job_id


async def test_a_full_window_lets_a_job_wait(jobs: JobStore, pool: Pool) -> None:
    """A job is stored but not published when its pool or its user has no place."""
    first, second, third = new_job(), new_job(), new_job(owner=NO_ONE)
    assert (await jobs.submit(first, replace(WIDE, user=1))).publish
    assert not (await jobs.submit(second, replace(WIDE, user=1))).publish
    await jobs.ended(ended(job_id=second.job_id))
    assert not (await jobs.submit(third, replace(WIDE, pool=1))).publish
    assert (await jobs.submit(new_job(pool="another"), replace(WIDE, pool=1))).publish

    published = await pool.fetch("SELECT job_id FROM queue WHERE published_at IS NOT NULL")
    assert first.job_id in {row["job_id"] for row in published}
    assert len(published) == 2


async def test_nobody_overtakes_those_who_wait(jobs: JobStore) -> None:
    """While a job waits for its turn, a new one waits too, though there may be a place."""
    await jobs.submit(new_job(), CLOSED)

    assert not (await jobs.submit(new_job(owner=NO_ONE), WIDE)).publish


async def test_a_job_runs_once_it_has_started(jobs: JobStore) -> None:
    """A start is noted, a second one changes nothing."""
    job, at = new_job(), datetime.now(UTC)
    await jobs.submit(job, WIDE)
    await jobs.started(Started(job.job_id, "one", at))
    await jobs.started(Started(job.job_id, "other", at + timedelta(seconds=1)))
    stored = await jobs.find(job.job_id)

    assert stored is not None
    assert (Status.RUNNING, "one", at) == (stored.status, stored.executor, stored.started_at)


async def test_the_first_end_stays(jobs: JobStore, pool: Pool) -> None:
    """An end is stored byte for byte and frees its place; a second one, or a start, is nothing."""
    job = new_job()
    await jobs.submit(job, WIDE)
    end = ended(job_id=job.job_id)
    assert await jobs.ended(end) == "default"
    stored = await jobs.get(job.owner, job.job_id)

    assert await jobs.ended(replace(end, status=Status.COMPLETED, verdict="accepted")) is None
    await jobs.started(Started(job.job_id, "late", datetime.now(UTC)))
    assert await jobs.get(job.owner, job.job_id) == stored
    assert stored is not None
    assert stored.result == RESULT
    assert (end.status, end.verdict, end.message, end.executor) == (
        stored.status,
        stored.verdict,
        stored.message,
        stored.executor,
    )
    assert (end.started_at, end.finished_at) == (stored.started_at, stored.finished_at)
    assert await rows(pool, "queue") == 0


async def test_an_end_without_figures_is_stored(jobs: JobStore) -> None:
    """A job that never ran has an empty result; a compile step of nothing stays a step."""
    job = new_job()
    await jobs.submit(job, WIDE)
    nothing = Result(compile=CompileResult(b"", b"", None, 0.0))
    await jobs.ended(ended(job_id=job.job_id, executor="", started_at=None, result=nothing))
    stored = await jobs.get(job.owner, job.job_id)

    assert stored is not None
    assert (nothing, None, None) == (stored.result, stored.executor, stored.started_at)


async def test_an_end_of_no_job_is_nothing(jobs: JobStore) -> None:
    """An end whose job is gone frees no place."""
    assert await jobs.ended(ended(job_id=new_id())) is None


async def test_a_list_is_filtered_and_has_no_outputs(jobs: JobStore) -> None:
    """Newest first, own jobs only, by status and language, and light."""
    python, go, theirs = new_job(), new_job(), new_job(owner=NO_ONE)
    go = replace(go, program=replace(go.program, language="go"))
    for job in (python, go, theirs):
        await jobs.submit(job, WIDE)
    await jobs.ended(ended(job_id=go.job_id))

    async def listed(**fields: object) -> list[str]:
        found = await jobs.list("user_1", Filter(**fields), 10, "")  # type: ignore[arg-type]  # fields of many types
        return [job.job_id for job in found]

    assert await listed() == [go.job_id, python.job_id]
    assert await listed(status=Status.RECEIVED) == [python.job_id]
    assert await listed(language="go", status=Status.FAILED) == [go.job_id]
    assert await listed(language="java") == []
    [shown, _] = await jobs.list("user_1", Filter(), 10, "")
    assert shown.result == replace(RESULT, stdout=None, stderr=None, compile=None)


async def test_a_range_goes_by_the_time_that_is_shown(jobs: JobStore) -> None:
    """The range holds `created_at`, from inclusive to exclusive, whatever the id's time."""
    made = [new_job() for _ in range(3)]
    start = made[0].created_at
    made = [
        replace(job, created_at=start + timedelta(milliseconds=20 * place))
        for place, job in enumerate(made)
    ]
    for job in made:
        await jobs.submit(job, WIDE)

    async def listed(after: datetime | None, before: datetime | None) -> list[str]:
        chosen = Filter(created_after=after, created_before=before)
        return [job.job_id for job in await jobs.list("user_1", chosen, 10, "")][::-1]

    ids = [job.job_id for job in made]
    assert await listed(made[1].created_at, None) == ids[1:]
    assert await listed(None, made[1].created_at) == ids[:1]
    assert await listed(made[1].created_at, made[2].created_at) == ids[1:2]
    edges = (datetime.fromtimestamp(0, UTC), datetime.max.replace(tzinfo=UTC))
    assert await listed(*edges) == ids
    assert await listed(edges[1], edges[0]) == []


async def test_pages_stay_while_jobs_come(jobs: JobStore) -> None:
    """A page goes on after the last id of the one before, whatever came since."""
    made = [new_job() for _ in range(5)]
    for job in made:
        await jobs.submit(job, WIDE)
    ids = sorted((job.job_id for job in made), reverse=True)
    first = await jobs.list("user_1", Filter(), 2, "")
    await jobs.submit(new_job(), WIDE)
    second = await jobs.list("user_1", Filter(), 10, first[-1].job_id)

    assert [job.job_id for job in (*first, *second)] == ids
