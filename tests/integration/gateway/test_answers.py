"""Successes as REST callers see them."""

from typing import Any

import httpx
import pytest
from tests.integration.gateway.stubs import IDENTITY, Stubs, answer

from ignis.v1 import auth_pb2, common_pb2, job_pb2, webhook_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")

HELLO: dict[str, Any] = {"language": "python", "code": 'print("Hello, World!")'}


async def test_execute_answers_201_with_the_job(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """The smallest request of the README answers 201 and the job."""
    job = job_pb2.Job(job_id="01K", language="python", status="received", message="Submitted")
    stubs.on["Execute"] = answer(job_pb2.ExecuteResponse(data=job), 201)
    response = await rest.post("/api/v1/public/execute", json=HELLO)
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    expected = {"job_id": "01K", "language": "python", "status": "received"}
    assert expected.items() <= response.json()["data"].items()
    assert job_pb2.ExecuteRequest(**HELLO) == stubs.calls[0].request


@pytest.mark.parametrize(
    ("method", "path", "server", "rpc"),
    [
        ("GET", "/health", "job", "JobService/GetHealth"),
        ("GET", "/api/v1/public/health", "job", "JobService/GetApiHealth"),
        ("GET", "/api/v1/public/jobs/01K", "job", "JobService/GetJob"),
        ("GET", "/api/v1/jobs/01K", "job", "JobService/GetJob"),
        ("POST", "/api/v1/jobs", "job", "JobService/Execute"),
        ("POST", "/api/v1/api-keys", "auth", "AuthService/CreateApiKey"),
        ("PATCH", "/api/v1/api-keys/01K", "auth", "AuthService/UpdateApiKey"),
        ("GET", "/api/v1/webhooks", "webhook", "WebhookService/ListWebhooks"),
        ("DELETE", "/api/v1/webhooks/01K", "webhook", "WebhookService/DeleteWebhook"),
    ],
)
async def test_each_path_reaches_its_service(
    rest: httpx.AsyncClient, stubs: Stubs, method: str, path: str, server: str, rpc: str
) -> None:
    """A REST path calls its RPC at the service that has it."""
    response = await rest.request(method, path)
    assert response.status_code == 200
    assert [(server, f"/ignis.v1.{rpc}")] == [(call.server, call.path) for call in stubs.calls]


async def test_path_and_query_become_fields(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """Variables of the path and query parameters arrive in the request."""
    await rest.get("/api/v1/public/jobs/a%20b")
    await rest.get("/api/v1/public/jobs", params={"limit": 5, "language": "go"})
    job, jobs = (call.request for call in stubs.calls)
    assert job.job_id == "a b"
    assert (jobs.limit, jobs.language) == (5, "go")


async def test_empty_and_zero_fields_show(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """Empty lists, empty strings and zeros are in the answer, under their proto names."""
    page = auth_pb2.ListApiKeysResponse(pagination=common_pb2.Pagination())
    stubs.on["ListApiKeys"] = answer(page)
    response = await rest.get("/api/v1/api-keys")
    expected = {"data": [], "pagination": {"limit": 0, "count": 0, "next_cursor": ""}}
    assert response.json() == expected


async def test_a_deletion_answers_204_and_nothing(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """204 has no body and no content headers, and the connection goes on."""
    stubs.on["DeleteWebhook"] = answer(webhook_pb2.DeleteWebhookResponse(), 204)
    first = await rest.delete("/api/v1/webhooks/01K")
    assert (first.status_code, first.content) == (204, b"")
    assert {"content-length", "content-type", "transfer-encoding"}.isdisjoint(first.headers)
    second = await rest.get("/health")
    assert second.status_code == 200
    assert _local_port(first) == _local_port(second)


async def test_bad_health_is_503_with_its_data(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """GET /health tells with 503 what is wrong, in the shape of a success."""
    sick = job_pb2.GetHealthResponse(data=job_pb2.Health(status="unavailable"))
    stubs.on["GetHealth"] = answer(sick, 503)
    response = await rest.get("/health")
    assert response.status_code == 503
    assert response.json()["data"]["status"] == "unavailable"
    assert len(stubs.calls) == 1


async def test_answers_carry_no_internal_headers(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """Clients see the rate limit and the request id, nothing of the machinery."""
    stubs.on["Execute"] = answer(job_pb2.ExecuteResponse(), 201)
    response = await rest.post("/api/v1/public/execute", json=HELLO)
    assert set(response.headers) == {
        "cache-control", "content-length", "content-type", "date", "server",
        "x-content-type-options", "x-ratelimit-remaining", "x-request-id",
    }  # fmt: skip
    assert response.headers["server"] == "ignis"
    assert response.headers["x-ratelimit-remaining"] == "99"


async def test_the_service_gets_identity_and_request_id(
    rest: httpx.AsyncClient, stubs: Stubs
) -> None:
    """A service sees the signed identity and the answered request id, and no credential."""
    credentials = {"x-api-key": "ign_secret", "authorization": "Bearer x", "cookie": "a=b"}
    response = await rest.get("/api/v1/public/status", headers=credentials)
    metadata = stubs.calls[0].metadata
    assert metadata["x-ignis-identity"] == IDENTITY
    assert metadata["x-request-id"] == response.headers["x-request-id"]
    assert credentials.keys().isdisjoint(metadata)


async def test_unknown_fields_of_a_body_are_ignored(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """A field that the contract doesn't know changes nothing."""
    response = await rest.post("/api/v1/public/execute", json=HELLO | {"colour": {"a": [1]}})
    assert response.status_code == 200
    assert job_pb2.ExecuteRequest(**HELLO) == stubs.calls[0].request


async def test_code_arrives_character_for_character(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """White space, NUL, quotes and any Unicode survive the way from JSON to protobuf."""
    code = ' \t\r\n\0"\\é漢😀\u2028 \n'
    await rest.post("/api/v1/public/execute", json={"code": code})
    assert code == stubs.calls[0].request.code


async def test_a_large_result_arrives_whole(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """The largest message of gRPC passes, even when every byte needs six in JSON."""
    size = (8 << 20) - 1000
    job = job_pb2.Job(stdout="\x01" * size)
    stubs.on["GetJob"] = answer(job_pb2.GetJobResponse(data=job))
    response = await rest.get("/api/v1/public/jobs/01K")
    assert len(response.content) > 6 * size
    assert response.json()["data"]["stdout"] == job.stdout


@pytest.mark.parametrize("content_type", [None, "application/json", "Application/JSON; charset=x"])
async def test_json_is_taken_however_it_is_named(
    rest: httpx.AsyncClient, stubs: Stubs, content_type: str | None
) -> None:
    """A JSON body counts as such with or without content-type and parameters."""
    headers = {"content-type": content_type} if content_type else {}
    response = await rest.post(
        "/api/v1/public/execute", content=b'{"language":"go"}', headers=headers
    )
    assert response.status_code == 200
    assert stubs.calls[0].request.language == "go"


async def test_no_body_is_an_empty_request(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """A POST without a body reaches the service, whatever its content-type."""
    for headers in ({}, {"content-type": "application/x-www-form-urlencoded"}):
        response = await rest.post("/api/v1/public/execute", headers=headers)
        assert response.status_code == 200
    assert [call.request for call in stubs.calls] == [job_pb2.ExecuteRequest()] * 2


async def test_paths_are_normalized(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """Double slashes and dot segments lead where they would in a shell."""
    for path in ("/api//v1///public/health", "/api/v1/x/../public/./health"):
        assert (await rest.get(path)).status_code == 200
    assert {call.path for call in stubs.calls} == {"/ignis.v1.JobService/GetApiHealth"}


def _local_port(response: httpx.Response) -> object:
    return response.extensions["network_stream"].get_extra_info("client_addr")
