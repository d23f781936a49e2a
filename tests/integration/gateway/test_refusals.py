"""What the gateway itself refuses, over REST."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.integration.gateway.envoy import Gateway
from tests.integration.gateway.shape import error_of, summary_of
from tests.integration.gateway.stubs import Stubs

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXECUTE = "/api/v1/public/execute"
JSON = {"content-type": "application/json"}
LIMIT = 6 * 1024 * 1024
TWO_LENGTHS = (
    b"POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n"
)


@pytest.mark.parametrize(
    ("body", "reason", "says"),
    [
        (b'{"language":', "MALFORMED_JSON", "Unexpected end of string"),
        (b'{"language": "py}', "MALFORMED_JSON", "Closing quote expected"),
        (b'{"language" "py"}', "MALFORMED_JSON", 'Near: {"language" "py"}'),
        (b"{language: x}{", "MALFORMED_JSON", "not valid JSON"),
        (b'{"code": "say \\"hi\\n\\\\" oops}', "MALFORMED_JSON", "not valid JSON"),
        (b'{"code":"\xff\xfe"}', "MALFORMED_JSON", "non UTF-8"),
        ('{"code": "é漢😀"'.encode(), "MALFORMED_JSON", "not valid JSON"),
        (b"[1, 2]", "MALFORMED_JSON", "must be a JSON object"),
        (b'"text"', "MALFORMED_JSON", "must be a JSON object"),
        (b'{"wait": "soon"}', "FIELD_INVALID", "wait must be a number"),
        (b'{"priority": 1.5}', "FIELD_INVALID", "priority must be a whole number"),
        (b'{"limits": 3}', "FIELD_INVALID", "limits must be an object"),
        (b'{"env": [1]}', "FIELD_INVALID", "env"),
    ],
)
async def test_a_body_that_cannot_be_read_is_explained(
    rest: httpx.AsyncClient, stubs: Stubs, body: bytes, reason: str, says: str
) -> None:
    """400 says what is wrong with the body, and no service sees it."""
    response = await rest.post(EXECUTE, content=body, headers=JSON)
    assert summary_of(response) == (400, "INVALID_ARGUMENT", reason)
    assert says in error_of(response)["message"]
    assert stubs.calls == []


@pytest.mark.parametrize(
    ("query", "reason", "says"),
    [
        ("colour=red", "QUERY_PARAMETER_UNKNOWN", '"colour"'),
        ("limits.x=1", "QUERY_PARAMETER_UNKNOWN", '"limits"'),
        ("limit=many", "FIELD_INVALID", "limit must be a whole number"),
        ("created_after=monday", "FIELD_INVALID", "created_after must be a time such as"),
    ],
)
async def test_a_query_that_cannot_be_read_is_explained(
    rest: httpx.AsyncClient, stubs: Stubs, query: str, reason: str, says: str
) -> None:
    """400 names the parameter that is wrong."""
    response = await rest.get(f"/api/v1/public/jobs?{query}")
    assert summary_of(response) == (400, "INVALID_ARGUMENT", reason)
    assert says in error_of(response)["message"]
    assert stubs.calls == []


async def test_path_and_body_must_agree(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """A body cannot redirect a change to something else than the path names."""
    response = await rest.patch("/api/v1/api-keys/01A", json={"id": "01B", "name": "x"})
    assert summary_of(response) == (400, "INVALID_ARGUMENT", "FIELD_INVALID")
    assert "id" in error_of(response)["message"]
    response = await rest.patch("/api/v1/api-keys/01A", json={"id": "01A", "name": "x"})
    assert response.status_code == 200
    assert [(call.request.id, call.request.name) for call in stubs.calls] == [("01A", "x")]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/health/"),
        ("GET", "/HEALTH"),
        ("GET", "/api/v1/public/jobs/"),
        ("GET", "/api/v1/public/jobs/a/b"),
        ("POST", "/api/v1/public/executes"),
        ("POST", "/ignis.v1.JobService/Execute"),
        ("POST", "/ignis.v1.ExecutorService/Describe"),
        ("OPTIONS", "/nowhere"),
    ],
)
async def test_an_unknown_path_is_404(
    rest: httpx.AsyncClient, stubs: Stubs, method: str, path: str
) -> None:
    """Only the contract's paths lead anywhere."""
    response = await rest.request(method, path)
    assert summary_of(response) == (404, "NOT_FOUND", "ROUTE_UNKNOWN")
    assert stubs.calls == stubs.checks == []


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", EXECUTE, "POST"),
        ("PUT", EXECUTE, "POST"),
        ("POST", "/health", "GET"),
        ("OPTIONS", "/health", "GET"),
        ("DELETE", "/api/v1/jobs", "GET, POST"),
        ("PUT", "/api/v1/webhooks/01K", "DELETE, GET, PATCH"),
    ],
)
async def test_a_wrong_method_is_405(
    rest: httpx.AsyncClient, stubs: Stubs, method: str, path: str, allow: str
) -> None:
    """405 lists the methods that the path takes, in `allow` and in the message."""
    response = await rest.request(method, path)
    assert summary_of(response) == (405, "UNIMPLEMENTED", "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == allow
    assert allow in error_of(response)["message"]
    assert stubs.calls == stubs.checks == []


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "text/plain"},
        {"content-type": "application/jsonp"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
async def test_a_body_that_is_no_plain_json_is_415(
    rest: httpx.AsyncClient, stubs: Stubs, headers: dict[str, str]
) -> None:
    """415 says how to send it."""
    response = await rest.post(EXECUTE, content=b"{}", headers=headers)
    assert summary_of(response) == (415, "INVALID_ARGUMENT", "UNSUPPORTED_MEDIA_TYPE")
    assert "application/json" in error_of(response)["message"]
    assert stubs.calls == stubs.checks == []


async def test_a_body_at_the_limit_passes(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """6 MiB of JSON arrive whole."""
    body = _body_of(LIMIT)
    response = await rest.post(EXECUTE, content=body, headers=JSON)
    assert response.status_code == 200
    assert len(body) == LIMIT
    assert json.loads(body)["code"] == stubs.calls[0].request.code


@pytest.mark.parametrize("size", [LIMIT + 1, 10 * LIMIT])
async def test_a_larger_body_is_413(rest: httpx.AsyncClient, stubs: Stubs, size: int) -> None:
    """One byte above 6 MiB is refused, and even much more spoils no connection."""
    response = await rest.post(EXECUTE, content=_body_of(size), headers=JSON)
    assert summary_of(response) == (413, "RESOURCE_EXHAUSTED", "BODY_TOO_LARGE")
    assert "6 MiB" in error_of(response)["message"]
    assert stubs.calls == stubs.checks == []
    assert (await rest.get("/health")).status_code == 200


async def test_an_endless_body_is_413(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """A chunked body, whose length nobody announced, is cut off at the limit too."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield b" " * (1 << 20)

    response = await rest.post(EXECUTE, content=chunks(), headers=JSON)
    assert summary_of(response) == (413, "RESOURCE_EXHAUSTED", "BODY_TOO_LARGE")
    assert stubs.calls == []


async def test_headers_that_are_too_large_are_431(rest: httpx.AsyncClient) -> None:
    """Headers have a limit of their own."""
    response = await rest.get("/health", headers={"x-large": "x" * 70_000})
    assert summary_of(response) == (431, "INVALID_ARGUMENT", "HEADERS_TOO_LARGE")


async def test_an_escaped_slash_is_refused(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """%2F cannot smuggle a path past the routes."""
    for escaped in ("%2F", "%2f", "%5C"):
        response = await rest.get(f"/api/v1/public/jobs/a{escaped}b")
        assert summary_of(response) == (400, "INVALID_ARGUMENT", "PATH_INVALID")
    assert stubs.calls == stubs.checks == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"NONSENSE\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nbad name: x\r\n\r\n",
        TWO_LENGTHS,
    ],
    ids=["no-http", "no-host", "bad-header", "two-lengths"],
)
async def test_what_is_no_http_is_400(gateway: Gateway, stubs: Stubs, request_bytes: bytes) -> None:
    """Even a request that cannot be parsed is answered in the one shape, once."""
    reader, writer = await asyncio.open_connection(gateway.host, gateway.port)
    writer.write(request_bytes)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    error = json.loads(await reader.readexactly(length))["error"]
    if "connection: close" in head:
        assert await reader.read() == b""
    writer.close()
    assert head.startswith("http/1.1 400")
    assert "content-type: application/json\r\n" in head
    assert "x-request-id: " in head
    assert (error["code"], error["reason"]) == ("INVALID_ARGUMENT", "BAD_REQUEST")
    assert stubs.calls == []


def _body_of(size: int) -> bytes:
    frame = b'{"code":"%s"}'
    return frame % (b"x" * (size - len(frame) + 2))
