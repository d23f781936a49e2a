"""The auth service as a process: it starts, serves, stops, and refuses to start."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.integration import restartable
from tests.integration.auth import process
from tests.servers import Server
from tests.unit.auth import tokens

from ignis.local.postgres import Database
from ignis.v1 import auth_pb2


async def test_it_becomes_healthy_and_ends_with_0_at_sigterm(
    postgres: Database, nats: Server, valkey: Server, tmp_path: Path
) -> None:
    """A service whose dependencies are there gets ready, and SIGTERM ends it in time."""
    with process.service(process.shared(postgres, nats, valkey), tmp_path) as running:
        async with grpc.aio.insecure_channel(running.address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            for name in ("", "ignis.v1.AuthService", "envoy.service.auth.v3.Authorization"):
                answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
                assert answer.status == health_pb2.HealthCheckResponse.SERVING

        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 0, running.log.read_text()


async def test_times_of_use_survive_a_stop(
    postgres: Database, nats: Server, valkey: Server, tmp_path: Path
) -> None:
    """What was noted and not yet written is written before it ends."""
    variables = process.shared(postgres, nats, valkey)
    with process.service(variables, tmp_path) as running:
        async with process.client(running) as client:
            made = await client.make_key("stopped")
            await client.check(key=made.key)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 0

    with process.service(variables, tmp_path) as running:
        async with process.client(running) as client:
            me = await client.identity("stopped")
            found = await client.rpcs.ListApiKeys(auth_pb2.ListApiKeysRequest(), metadata=me)
    assert [key.HasField("last_used_at") for key in found.data if key.id == made.id] == [True]


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "CLERK_SECRET_KEY"),
        ({"APP_ENV": "development"}, "make run"),
        ({"CLERK_JWT_KEY": "no PEM"}, "CLERK_JWT_KEY"),
    ],
    ids=["production", "development", "wrong key"],
)
def test_it_refuses_to_start_without_an_issuer(variables: dict[str, str], told: str) -> None:
    """One line says what is missing, and the status says that nothing ran."""
    ended = subprocess.run(
        [sys.executable, "-m", "ignis.auth"],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        check=False,
        timeout=30,
    )

    assert ended.returncode == 2
    assert ended.stderr.count(b"\n") == 1
    assert told in ended.stderr.decode()


async def test_it_is_unhealthy_while_postgresql_is_away(
    nats: Server, valkey: Server, tmp_path: Path
) -> None:
    """Nobody is let in meanwhile, with a reason; when it comes back, all is well again."""
    async with restartable.postgres_server(tmp_path) as (server, database):
        variables = process.environment(database, nats.url, valkey.url)
        with process.service(variables, tmp_path) as running:
            async with process.client(running) as client:
                made = await client.make_key("outage")
                await server.stop()
                answer = await client.check(key=made.key)
                assert answer.denied_response.status.code == 503
                assert await client.reason(key=made.key) == "DATABASE_UNAVAILABLE"
                assert await client.reason("/ignis.v1.JobService/GetHealth") == ""
                assert await client.reason(bearer=tokens.token()) == ""
                running.becomes(503)

                await server.start()
                running.becomes(200)
                assert await client.reason(key=made.key) == ""
            assert running.process.poll() is None


async def test_a_database_that_hangs_is_told_in_time(
    nats: Server, valkey: Server, tmp_path: Path
) -> None:
    """All who ask are answered after one limit, not one after another, nor never."""
    loop = asyncio.get_running_loop()
    async with restartable.postgres_server(tmp_path) as (server, database):
        variables = process.environment(database, nats.url, valkey.url)
        with process.service(variables, tmp_path) as running:
            async with process.client(running) as client:
                made = await client.make_key("hung")
                with _frozen(server):
                    began = loop.time()
                    many = await asyncio.gather(*(client.reason(key=made.key) for _ in range(30)))
                    assert set(many) == {"DATABASE_UNAVAILABLE"}
                    assert loop.time() - began < 3  # 0.6 on a machine with nothing else to do
                assert await client.reason(key=made.key) == ""


@contextmanager
def _frozen(server: restartable.Restartable) -> Iterator[None]:
    """A PostgreSQL whose processes stand still, as behind a network that is cut."""
    assert server._process is not None
    main = server._process.pid
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    every = [main, *(int(child) for child in children)]
    for pid in every:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in every:
            os.kill(pid, signal.SIGCONT)
