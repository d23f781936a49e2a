"""The job service while PostgreSQL or NATS is away, and after."""

import signal
import time
from pathlib import Path

import grpc
import grpc.aio
import pytest
from tests.integration import restartable
from tests.integration.identities import reason
from tests.integration.job.executors import FakeExecutor, ended
from tests.integration.job.process import calling, running
from tests.servers import Server
from tests.waiting import until

from ignis.events import connection
from ignis.events.connection import Nats
from ignis.local.postgres import Database
from ignis.v1 import events_pb2


async def test_a_job_is_accepted_without_nats_and_runs_when_it_is_back(
    tmp_path: Path, postgres: Database, schema: str
) -> None:
    """Accepted means on disk: NATS may be away, and the job runs once it is back."""
    async with restartable.nats_server(tmp_path) as server:
        with running(tmp_path, postgres, server.url, schema, RELAY_AFTER="0.5") as service:
            async with connection.connect(server.url, "test") as connected:
                await service.becomes(200)
                executor = FakeExecutor(connected)
                async with calling(service, connected) as (caller, _), executor.working():
                    await caller.offered()
                    await server.stop()
                    await service.becomes(503)
                    job = await caller.execute()
                    assert job.status == "received"
                    await server.start()
                    done = await caller.becomes(job.job_id, "completed")
                    await service.becomes(200)

            assert done.verdict == "accepted"
            assert "Traceback" not in service.log.read_text()


async def test_a_client_is_told_that_postgresql_is_away(
    tmp_path: Path, nats: Server, connected: Nats, schema: str
) -> None:
    """Without the database requests are answered 503 with a reason; with it they work again."""
    assert nats.port
    async with restartable.postgres_server(tmp_path) as (server, database):
        with running(tmp_path, database, nats.url, schema) as service:
            await service.becomes(200)
            executor = FakeExecutor(connected)
            async with calling(service, connected) as (caller, _), executor.working():
                await caller.offered()
                await caller.execute(wait=20)
                await server.stop()
                for call in (caller.execute, caller.list):
                    with pytest.raises(grpc.aio.AioRpcError) as caught:
                        await call()
                    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
                    assert reason(caught.value) == "DATABASE_UNAVAILABLE"
                await service.becomes(503)
                await server.start()
                await service.becomes(200)

                assert (await caller.execute(wait=20)).status == "completed"


async def test_an_end_waits_for_postgresql(
    tmp_path: Path, nats: Server, connected: Nats, schema: str
) -> None:
    """An end that is told while the database is away is stored when it is back."""
    async with restartable.postgres_server(tmp_path) as (server, database):
        with running(tmp_path, database, nats.url, schema) as service:
            await service.becomes(200)
            executor = FakeExecutor(connected)
            held: list[events_pb2.JobMessage] = []

            async def hold(job: events_pb2.JobMessage, _attempt: int) -> None:
                held.append(job)
                await executor.go.wait()

            executor.act = hold
            executor.go.clear()
            async with calling(service, connected) as (caller, _), executor.working():
                await caller.offered()
                job = await caller.execute()
                await until(lambda: bool(held))
                await server.stop()
                assert await executor.publisher.publish_end(ended(held[0], executor.name))
                executor.go.set()
                await until(lambda: "could not be handled" in service.log.read_text())
                await server.start()
                await service.becomes(200)
                done = await caller.becomes(job.job_id, "completed")

            assert done.stdout == "Hello\n"
            service.process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            assert await service.ends(15) == 0
            assert time.monotonic() - began < 10


def test_a_wrong_setting_is_one_line(
    tmp_path: Path, postgres: Database, nats: Server, schema: str
) -> None:
    """A default above its own maximum ends the start at once, and is named."""
    wrong = {"LIMIT_MEMORY_KB_MAX": "2048"}
    with running(tmp_path, postgres, nats.url, schema, **wrong) as service:
        assert service.process.wait(10) == 2

    [line] = service.log.read_text().splitlines()
    assert "LIMIT_MEMORY_KB must not be above LIMIT_MEMORY_KB_MAX" in line


def test_a_bad_language_file_is_one_line(
    tmp_path: Path, postgres: Database, nats: Server, schema: str
) -> None:
    """A file of LANGUAGES_DIR that can't be used ends the start, and is named with its fault."""
    (tmp_path / "bad.toml").write_text("id = 7")
    with running(tmp_path, postgres, nats.url, schema, LANGUAGES_DIR=str(tmp_path)) as service:
        assert service.process.wait(20) == 1

    last = service.logged()[-1]
    assert ("cannot start", "LANGUAGE_FILE_INVALID") == (last["event"], last["reason"])
    assert "bad.toml: id: " in last["error"]
