"""The path of a job is the designed one: PostgreSQL, JetStream, an executor, and back."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import nats
import pytest
from nats.aio.client import Client
from nats.js.api import RetentionPolicy, StorageType
from tests.e2e.conftest import Running
from tests.e2e.jobs import finished, run, submit
from tests.waiting import until

from ignis.v1 import events_pb2


@pytest.fixture(name="database")
async def database_fixture(stack: Running) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A connection to the stack's PostgreSQL."""
    connection = await asyncpg.connect(
        stack.facts["database_url"], server_settings={"search_path": "ignis"}
    )
    yield connection
    await connection.close()


@pytest.fixture(name="client")
async def client_fixture(stack: Running) -> AsyncIterator[Client]:
    """A connection to the stack's NATS."""
    client = await nats.connect(stack.facts["nats_url"])
    yield client
    await client.close()


async def test_a_job_is_a_row_of_the_partitioned_table(
    api: httpx.Client, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Its bytes are stored as bytes, in the partition of its day, and its place is freed."""
    job = run(api, "import os; os.write(1, b'a\\0\\xff')")
    row = await database.fetchrow(
        "SELECT tableoid::regclass::text AS part, * FROM jobs WHERE job_id = $1", job["job_id"]
    )
    assert row is not None
    assert (row["status"], row["verdict"]) == ("completed", "accepted")
    assert row["stdout"] == b"a\0\xff"
    assert row["part"] != "jobs"
    strategy = "SELECT partstrat FROM pg_partitioned_table WHERE partrelid = 'jobs'::regclass"
    assert await database.fetchval(strategy) == b"r"
    queued = "SELECT count(*) FROM queue WHERE job_id = $1"
    assert await database.fetchval(queued, job["job_id"]) == 0


async def test_a_job_is_on_disk_before_the_client_hears_of_it(
    api: httpx.Client, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """The row is there when the answer is."""
    job_id = submit(api, code="import time; time.sleep(0.5)")["job_id"]
    found = await database.fetchval("SELECT count(*) FROM jobs WHERE job_id = $1", job_id)
    assert found == 1
    finished(api, job_id)


async def test_the_streams_are_the_designed_ones(client: Client) -> None:
    """JOBS is a work queue with one durable per pool, EVENTS keeps an hour of everything."""
    jetstream = client.jetstream()
    jobs = (await jetstream.stream_info("JOBS")).config
    assert (jobs.subjects, jobs.retention) == (["jobs.>"], RetentionPolicy.WORK_QUEUE)
    assert jobs.storage == StorageType.FILE
    events = (await jetstream.stream_info("EVENTS")).config
    assert (events.subjects, events.retention) == (["events.>"], RetentionPolicy.LIMITS)
    assert (events.storage, events.max_age) == (StorageType.FILE, 3600)
    pools = {
        info.name: info.config.filter_subject for info in await jetstream.consumers_info("JOBS")
    }
    assert pools == {"pool-default": "jobs.default.>"}
    readers = {info.name for info in await jetstream.consumers_info("EVENTS")}
    assert readers >= {"job", "webhook"}
    assert client.max_payload == 8 * 1024 * 1024


async def test_a_jobs_messages_pass_through_the_streams(api: httpx.Client, client: Client) -> None:
    """It goes by JOBS to the executor, which tells its start and one end through EVENTS.

    On a busy machine it takes long enough to tell of its output before.
    """
    heard: list[str] = []

    async def hear(message: Any) -> None:  # noqa: ANN401 - untyped in nats
        heard.append(message.subject)

    await client.subscribe("jobs.>", cb=hear)
    await client.subscribe("events.>", cb=hear)
    await client.flush()
    job_id = run(api, "print(1)")["job_id"]
    expected = [f"jobs.default.{job_id}", f"events.{job_id}.started", f"events.{job_id}.end"]
    await until(lambda: set(expected) <= set(heard))
    output = f"events.{job_id}.output"
    assert [one for one in heard if job_id in one and one != output] == expected
    end = await client.jetstream().get_last_msg("EVENTS", f"events.{job_id}.end")
    event = events_pb2.JobEvent.FromString(end.data or b"")
    assert (event.job_id, event.attempt, event.ended.status) == (job_id, 1, "completed")
    assert event.ended.result.stdout == b"1\n"

    async def is_done() -> bool:
        state = (await client.jetstream().stream_info("JOBS", subjects_filter=expected[0])).state
        return not state.subjects

    await until(is_done)


async def test_an_executor_announces_itself(client: Client) -> None:
    """The bucket has its languages and capacity; it expires without news."""
    bucket = await client.jetstream().key_value("executors")
    assert (await bucket.status()).ttl == 600
    assert len(await bucket.keys()) == 1
