"""What callers see when something behind the gateway is slow, busy or gone."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
import httpx
import pytest
from tests.integration.gateway.envoy import configuration, run_gateway
from tests.integration.gateway.shape import summary_of
from tests.integration.gateway.stubs import Context, Stubs, answer, fail, serve
from tests.integration.gateway.test_grpc import call, explained

from ignis.v1 import job_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")

JOB = "/api/v1/public/jobs/01K"
UNAVAILABLE = (503, "UNAVAILABLE", "SERVICE_UNAVAILABLE")


def closed_port() -> int:
    """Return a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.parametrize("gone", ["job", "auth"])
async def test_a_service_that_is_gone_is_503(stubs: Stubs, tmp_path: Path, gone: str) -> None:
    """Without the service, or without auth, REST and gRPC say: try again soon."""
    config = configuration(stubs.ports | {gone: closed_port()})
    async with run_gateway(tmp_path, config) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url) as client:
            response = await client.get(JOB)
            still = await client.get("/health")
        async with grpc.aio.insecure_channel(gateway.address) as channel:
            error = await call(channel)
    assert summary_of(response) == UNAVAILABLE
    assert response.headers["retry-after"] == "1"
    code, reason, _ = explained(error)
    assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "SERVICE_UNAVAILABLE")
    assert still.status_code == (503 if gone == "job" else 200)


async def test_a_sick_service_can_still_say_why(stubs: Stubs, tmp_path: Path) -> None:
    """GET /health reaches a job service whose only replica reports that it is not serving."""
    sick = Stubs()
    data = job_pb2.Health(status="unavailable")
    sick.on["GetHealth"] = answer(job_pb2.GetHealthResponse(data=data), 503)
    async with serve(sick, "job", healthy=False):
        config = configuration(stubs.ports | sick.ports)
        async with run_gateway(tmp_path, config) as gateway, httpx.AsyncClient() as client:
            response = await client.get(f"{gateway.url}/health")
    assert response.status_code == 503
    assert response.json()["data"]["status"] == "unavailable"


async def test_an_answer_that_takes_too_long_is_504(stubs: Stubs, tmp_path: Path) -> None:
    """A service that does not answer in time is given up on, and not asked again."""
    config = configuration(stubs.ports).replace('"timeout": "15s"', '"timeout": "0.3s"')

    async def hang(_request: object, _context: Context) -> None:
        await asyncio.Event().wait()

    stubs.on["GetJob"] = hang
    async with run_gateway(tmp_path, config) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url) as client:
            response = await client.get(JOB)
        async with grpc.aio.insecure_channel(gateway.address) as channel:
            error = await call(channel, "/ignis.v1.JobService/GetJob")
    assert summary_of(response) == (504, "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT")
    code, reason, _ = explained(error)
    assert (code, reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "UPSTREAM_TIMEOUT")
    assert len(stubs.calls) == 2


async def test_a_request_that_never_ends_is_408(stubs: Stubs, tmp_path: Path) -> None:
    """A client that stops in the middle of its request is told so."""
    config = configuration(stubs.ports).replace("request_timeout: 60s", "request_timeout: 0.2s")
    async with run_gateway(tmp_path, config) as gateway:
        reader, writer = await asyncio.open_connection(gateway.host, gateway.port)
        writer.write(
            b"POST /api/v1/public/execute HTTP/1.1\r\nHost: a\r\n"
            b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        answered = (await reader.read()).decode()
        writer.close()
    assert answered.startswith("HTTP/1.1 408 ")
    assert '"reason":"REQUEST_TIMEOUT"' in answered
    assert stubs.calls == []


async def test_too_many_requests_at_once_are_503(stubs: Stubs, tmp_path: Path) -> None:
    """Above the circuit breaker's limit requests are refused at once, others go on."""
    config = configuration(stubs.ports).replace("max_requests: 4096", "max_requests: 1")
    arrived, release = asyncio.Event(), asyncio.Event()

    async def hold(_request: object, _context: Context) -> job_pb2.GetJobResponse:
        arrived.set()
        await release.wait()
        return job_pb2.GetJobResponse()

    stubs.on["GetJob"] = hold
    async with (
        run_gateway(tmp_path, config) as gateway,
        httpx.AsyncClient(base_url=gateway.url) as client,
    ):
        first = asyncio.create_task(client.get(JOB))
        await arrived.wait()
        second = await client.get(JOB)
        release.set()
        assert (await first).status_code == 200
    assert summary_of(second) == UNAVAILABLE


async def test_a_service_that_restarts_is_asked_again(
    rest: httpx.AsyncClient, stubs: Stubs
) -> None:
    """A refusal of a server that is shutting down is hidden by a retry with the same identity."""

    async def recover(_request: object, context: Context) -> object:
        if len(stubs.calls) == 1:
            return await fail(grpc.StatusCode.UNAVAILABLE, "shutting down")(_request, context)
        return job_pb2.ExecuteResponse()

    stubs.on["Execute"] = recover
    response = await rest.post("/api/v1/public/execute", json={"language": "go"})
    assert response.status_code == 200
    assert len(stubs.calls) == 2
    assert len({call.metadata["x-ignis-identity"] for call in stubs.calls}) == 1
    assert len(stubs.checks) == 1


async def test_a_post_survives_a_connection_that_dies(stubs: Stubs, tmp_path: Path) -> None:
    """A POST whose connection breaks before the answer is sent once more."""
    connections: set[asyncio.StreamWriter] = set()

    async def die_once(_request: object, _context: Context) -> job_pb2.ExecuteResponse:
        if len(stubs.calls) == 1:
            for connection in connections:
                connection.transport.abort()
            await asyncio.Event().wait()
        return job_pb2.ExecuteResponse(data=job_pb2.Job(job_id="01K"))

    stubs.on["Execute"] = die_once
    async with _fragile(stubs.ports["job"], connections) as port:
        config = configuration(stubs.ports | {"job": port})
        async with (
            run_gateway(tmp_path, config) as gateway,
            httpx.AsyncClient(base_url=gateway.url) as client,
        ):
            response = await client.post("/api/v1/public/execute", json={"language": "go"})
    assert response.status_code == 200
    assert response.json()["data"]["job_id"] == "01K"
    assert len(stubs.calls) == 2


@asynccontextmanager
async def _fragile(port: int, connections: set[asyncio.StreamWriter]) -> AsyncIterator[int]:
    """Forward a new port to `port`; `connections` are those that a test may break."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pump(reader, upstream_writer))
            tasks.create_task(pump(upstream_reader, writer))
        connections.discard(writer)

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
