"""HTTP that is malformed on purpose: no request is read in two ways, and nobody slips in."""

import http.client
import json
import re
import shutil
import socket
import subprocess
from typing import Any

import httpx
import pytest
from tests.e2e.conftest import Running
from tests.e2e.jobs import EXECUTE, JOBS

BODY = b'{"language": "python", "code": "print(1)"}'
PATIENCE = 30.0  # seconds


def _exchange(stack: Running, request: bytes) -> bytes:
    """Send bytes and read all that comes back until the gateway closes."""
    url = httpx.URL(stack.facts["base_url"])
    with socket.create_connection((url.host, url.port or 0), PATIENCE) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


def _statuses(answer: bytes) -> list[int]:
    """The status of each answer on a connection."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def _request(stack: Running, line: str, *headers: str, body: bytes = b"") -> bytes:
    """A request with the API key, as it stands on the wire."""
    key = f"x-api-key: {stack.facts['api_key']}"
    head = "\r\n".join([line, "host: localhost", key, *headers, "", ""])
    return head.encode("latin-1") + body


SMUGGLED = b"GET /api/v1/public/jobs HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["content-length: 5", "content-length: 42"], BODY + SMUGGLED),
        (["content-length: 42, 5"], BODY + SMUGGLED),
        (["content-length: -1"], BODY),
        (["content-length: 0x2a"], BODY),
        (["content-length: 42", "transfer-encoding: chunked"], b"0\r\n\r\n" + SMUGGLED),
        (["transfer-encoding: xchunked"], b"0\r\n\r\n" + SMUGGLED),
        (["transfer-encoding: chunked", "transfer-encoding: identity"], b"0\r\n\r\n" + SMUGGLED),
        (["transfer-encoding : chunked"], b"0\r\n\r\n" + SMUGGLED),
        (["transfer-encoding: chunked"], b"zz\r\nx\r\n0\r\n\r\n"),
        (["x-folded: a\r\n b", "content-length: -5"], BODY),
        (["x-nul: a\0b"], BODY),
        (["x_ignis_identity: forged"], BODY),
        (["bad header: x"], BODY),
    ],
)
def test_a_request_that_could_be_read_in_two_ways_is_refused(
    stack: Running, headers: list[str], body: bytes
) -> None:
    """The connection ends with a 400 or 501, so that what it smuggles along reaches nobody."""
    line = "POST /api/v1/public/execute HTTP/1.1"
    typed = ["content-type: application/json", *headers]
    answer = _exchange(stack, _request(stack, line, *typed, body=body))
    assert _statuses(answer) in ([400], [501])
    error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert error["code"] in {"INVALID_ARGUMENT", "UNIMPLEMENTED"}
    assert error["reason"] != "INTERNAL"


@pytest.mark.parametrize(
    "line",
    [
        "GET http://[::1/ HTTP/1.1",
        "GET  HTTP/1.1",
        "GET /health HTTP/9.9",
        "GET /health\0 HTTP/1.1",
        "NONSENSE /health HTTP/1.1",
        "GET /" + "x" * 70_000 + " HTTP/1.1",
    ],
    ids=lambda line: line[:30],
)
def test_a_request_line_that_makes_no_sense_is_refused(stack: Running, line: str) -> None:
    """With a 4xx, and not with silence."""
    statuses = _statuses(_exchange(stack, _request(stack, line)))
    assert len(statuses) == 1
    assert 400 <= statuses[0] < 500


def test_refusals_leave_the_connection_usable(stack: Running) -> None:
    """Good and bad requests follow each other on one connection; none of them costs it."""
    url = httpx.URL(stack.facts["base_url"])
    connection = http.client.HTTPConnection(url.host, url.port, timeout=PATIENCE)
    key = {"x-api-key": stack.facts["api_key"]}
    requests: list[tuple[str, str, bytes, dict[str, str], int]] = [
        ("GET", f"{JOBS}?limit=1", b"", key, 200),
        ("GET", f"{JOBS}?limit=x", b"", key, 400),
        ("GET", JOBS, b"", {}, 401),
        ("GET", "/nowhere", b"", key, 404),
        ("PUT", JOBS, BODY, key, 405),
        ("POST", EXECUTE, BODY, key | {"content-type": "text/plain"}, 415),
        ("POST", EXECUTE, b"{", key | {"content-type": "application/json"}, 400),
        ("POST", EXECUTE, bytes(7 << 20), key | {"content-type": "application/json"}, 413),
        ("GET", f"{JOBS}?limit=1", b"", key, 200),
    ]
    connection.connect()
    first = connection.sock
    for method, path, body, headers, status in requests:
        connection.request(method, path, body, headers)
        with connection.getresponse() as answer:
            answer.read()
        assert (status, first) == (answer.status, connection.sock), path
    connection.close()


def test_json_over_http2_is_answered_alike(stack: Running) -> None:
    """A client that begins with HTTP/2 at once gets the same answers and the same errors."""
    if shutil.which("curl") is None:
        pytest.skip("curl is missing")
    key = f"x-api-key: {stack.facts['api_key']}"
    url = f"{stack.facts['base_url']}/api/v1/public"

    def curl(path: str, *arguments: str) -> tuple[str, Any]:
        command = ("curl", "-s", "--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code}")
        ran = subprocess.run(
            [*command, *arguments, f"{url}/{path}"], capture_output=True, text=True, check=True
        )
        body, _, status = ran.stdout.rpartition("\n")
        return status, json.loads(body)

    status, done = curl("execute", "-H", key, "--json", '{"language":"py","code":"1","wait":60}')
    assert (status, done["data"]["verdict"]) == ("2 201", "accepted")
    status, error = curl("jobs/nonsense", "-H", key)
    assert (status, error["error"]["reason"]) == ("2 404", "JOB_NOT_FOUND")
    status, error = curl("jobs", "-H", "x-ignis-identity: forged")
    assert (status, error["error"]["reason"]) == ("2 401", "CREDENTIAL_MISSING")
