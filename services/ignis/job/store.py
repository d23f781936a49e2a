"""Jobs in PostgreSQL: accepted, changed as they go, read by their owners."""

import json
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg

from ignis.errors import AlreadyExists
from ignis.events.decoding import read_compile
from ignis.events.results import Result
from ignis.job import codec
from ignis.job.models import (
    RECEIVED,
    RUNNING,
    Ended,
    Filter,
    Job,
    NewJob,
    Started,
    Status,
    Submission,
    Window,
)
from ignis.server.ids import first_id_at
from ignis.storage.postgres import Pool, driver_errors
from ignis.v1 import events_pb2

# One statement stores the job and its place in the queue, and decides whether
# its turn is now: never before those that wait, or whoever posts most would
# take each place that comes free. The same id again stores nothing: the gateway
# has repeated a request. Of many submits at once one may take a place, whoever
# has the pool's lock; the others wait for the dispatcher, which has it next.
SUBMIT = """
WITH load AS (
    SELECT count(*) AS pool_load, count(*) FILTER (WHERE owner = $2) AS user_load
    FROM queue WHERE pool = $7 AND published_at IS NOT NULL
), stored AS (
    INSERT INTO jobs
        (job_id, owner, language, labels, request, status, message, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, 'received', $6, $9, $9)
    ON CONFLICT (job_id) DO NOTHING
    RETURNING job_id
)
INSERT INTO queue
    (job_id, owner, pool, priority, created_at, request_id, published_at, publishes)
SELECT $1, $2, $7, $8, $9, $12, CASE WHEN turn THEN now() END, turn::int
FROM stored, (
    SELECT pool_load < $10 AND user_load < $11 AND NOT EXISTS (
        SELECT FROM queue WHERE pool = $7 AND published_at IS NULL
    ) AND pg_try_advisory_xact_lock(hashtext('ignis.release.' || $7)) AS turn FROM load
) AS turns
RETURNING published_at IS NOT NULL
"""

CLAIM_KEY = """
INSERT INTO idempotency_keys AS known (owner, key, fingerprint, job_id, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (owner, key) DO UPDATE
SET fingerprint = $3, job_id = $4, created_at = $5
WHERE known.created_at < $5 - interval '24 hours'
RETURNING job_id
"""
READ_KEY = "SELECT job_id, fingerprint FROM idempotency_keys WHERE owner = $1 AND key = $2"

SUMMARY = """job_id, owner, language, labels, status, verdict, message, executor, exit_code, signal,
exec_duration_ms, cpu_time_ms, memory_kb, stdout_truncated, stderr_truncated,
created_at, started_at, finished_at, updated_at"""
GET = f"SELECT {SUMMARY}, stdout, stderr, compile FROM jobs WHERE job_id = $1 AND owner = $2"  # noqa: S608 - constants
FIND = f"SELECT {SUMMARY} FROM jobs WHERE job_id = $1"  # noqa: S608 - constants

LIST = f"""
SELECT {SUMMARY} FROM jobs
WHERE owner = $1 AND job_id < $2 AND job_id >= $3
    AND ($4::text IS NULL OR status = $4) AND ($5::text IS NULL OR language = $5)
    AND ($7::timestamptz IS NULL OR created_at >= $7)
    AND ($8::timestamptz IS NULL OR created_at < $8)
ORDER BY job_id DESC LIMIT $6
"""  # noqa: S608 - constants
AFTER_ALL_IDS = "Z" * 26
BEFORE_ALL_IDS = "0" * 26
# An id is as old as the request's identity, which is good for a minute; `created_at` decides.
ID_AGE = timedelta(minutes=5)
EPOCH = datetime.fromtimestamp(0, UTC)  # ids know no earlier time

STARTED = """
UPDATE jobs SET status = 'running', message = $4, started_at = $2, executor = $3, updated_at = now()
WHERE job_id = $1 AND status = 'received'
"""

ENDED = """
WITH ended AS (
    UPDATE jobs SET status = $2, verdict = $3, message = $4, executor = $5, exit_code = $6,
        signal = $7, exec_duration_ms = $8, cpu_time_ms = $9, memory_kb = $10, stdout = $11,
        stderr = $12, stdout_truncated = $13, stderr_truncated = $14, compile = $15,
        started_at = coalesce($16, started_at), finished_at = $17, updated_at = now()
    WHERE job_id = $1 AND status IN ('received', 'running')
)
DELETE FROM queue WHERE job_id = $1
RETURNING pool
"""


class JobStore:
    """Implements `service.Jobs`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def submit(self, job: NewJob, window: Window) -> Submission:
        """Store a job, unless it or its idempotency key is known.

        Raises:
            AlreadyExists: the key is known, with another body.
        """
        with driver_errors():
            async with self._pool.acquire() as connection:
                if not job.idempotency_key:
                    return await _insert(connection, job, window)
                async with connection.transaction():
                    if known := await _known_job(connection, job):
                        return Submission(known, new=False, publish=False)
                    return await _insert(connection, job, window)

    async def get(self, owner: str, job_id: str) -> Job | None:
        """Read one job of an owner's."""
        with driver_errors():
            row = await self._pool.fetchrow(GET, job_id, owner)
        return None if row is None else _job(row)

    async def list(self, owner: str, chosen: Filter, limit: int, before: str) -> list[Job]:
        """Read an owner's jobs, newest first, without their outputs.

        Args:
            owner: whose jobs.
            chosen: which of them.
            limit: how many at the most.
            before: only jobs with a smaller id; empty for all.
        """
        after, end = chosen.created_after, chosen.created_before
        with driver_errors():
            rows = await self._pool.fetch(
                LIST,
                owner,
                min(_bound(end, ID_AGE, AFTER_ALL_IDS), before or AFTER_ALL_IDS),
                _bound(after, -ID_AGE, BEFORE_ALL_IDS),
                chosen.status,
                chosen.language,
                limit,
                after,
                end,
            )
        return [_job(row) for row in rows]

    async def find(self, job_id: str) -> Job | None:
        """Read a job, whoever owns it, without its outputs."""
        with driver_errors():
            row = await self._pool.fetchrow(FIND, job_id)
        return None if row is None else _job(row)

    async def started(self, event: Started) -> None:
        """Note that a job runs; a job that has gone on stays as it is."""
        with driver_errors():
            await self._pool.execute(STARTED, event.job_id, event.at, event.executor, RUNNING)

    async def ended(self, event: Ended) -> str | None:
        """Note how a job ended; the first end stays.

        Returns:
            The pool in which a place is free now, None when it was free before.
        """
        result = event.result
        with driver_errors():
            pool: str | None = await self._pool.fetchval(
                ENDED,
                event.job_id,
                event.status,
                event.verdict,
                event.message,
                event.executor or None,
                result.exit_code,
                result.signal,
                result.exec_duration_ms,
                result.cpu_time_ms,
                result.memory_kb,
                result.stdout,
                result.stderr,
                result.stdout_truncated,
                result.stderr_truncated,
                codec.write_compile(result.compile),
                event.started_at,
                event.finished_at,
            )
        return pool


Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


def _bound(when: datetime | None, margin: timedelta, none: str) -> str:
    """An id that bounds a range by time; `none` stands for no bound."""
    if when is None or not EPOCH <= when < datetime.max.replace(tzinfo=UTC) - ID_AGE:
        return none
    return first_id_at(max(when + margin, EPOCH))


async def _insert(connection: Connection, job: NewJob, window: Window) -> Submission:
    publish: bool | None = await connection.fetchval(
        SUBMIT,
        job.job_id,
        job.owner,
        job.program.language,
        json.dumps(dict(job.labels)),
        codec.job_message(job),
        RECEIVED,
        job.pool,
        job.priority,
        job.created_at,
        window.pool,
        window.user,
        job.request_id,
    )
    return Submission(job.job_id, new=publish is not None, publish=bool(publish))


async def _known_job(connection: Connection, job: NewJob) -> str | None:
    """Claim the job's idempotency key, or name the job that has it."""
    claimed = await connection.fetchval(
        CLAIM_KEY, job.owner, job.idempotency_key, job.fingerprint, job.job_id, job.created_at
    )
    if claimed is not None:
        return None
    known = await connection.fetchrow(READ_KEY, job.owner, job.idempotency_key)
    if known is None or known["fingerprint"] != job.fingerprint:
        raise AlreadyExists(
            "IDEMPOTENCY_KEY_REUSED",
            "This idempotency_key belongs to another request; use a new one.",
        )
    return str(known["job_id"])


def _job(row: asyncpg.Record) -> Job:
    status = Status(row["status"])
    return Job(
        job_id=row["job_id"],
        owner=row["owner"],
        language=row["language"],
        status=status,
        message=row["message"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        labels=json.loads(row["labels"]),
        verdict=row["verdict"],
        executor=row["executor"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        result=_result(row) if status.ended else None,
    )


def _result(row: asyncpg.Record) -> Result:
    compiled = row.get("compile")
    return Result(
        stdout=row.get("stdout"),
        stderr=row.get("stderr"),
        stdout_truncated=row["stdout_truncated"],
        stderr_truncated=row["stderr_truncated"],
        exit_code=row["exit_code"],
        signal=row["signal"],
        exec_duration_ms=row["exec_duration_ms"],
        cpu_time_ms=row["cpu_time_ms"],
        memory_kb=row["memory_kb"],
        compile=read_compile(events_pb2.CompileOutput.FromString(compiled))
        if compiled is not None
        else None,
    )
