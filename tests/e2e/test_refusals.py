"""Whatever is wrong with a request, it is refused with one clear 4xx in the one shape."""

import time

import httpx
import pytest
from tests.e2e.conftest import Running
from tests.e2e.jobs import EXECUTE, JOBS
from tests.e2e.people import token_of
from tests.e2e.shape import refused

KEYS = "/api/v1/api-keys"
BODY = {"language": "python", "code": "print(1)"}


def test_without_a_credential_nothing_is_let_in(anybody: httpx.Client) -> None:
    """The answer says which credential to send, and where."""
    assert "X-API-Key" in refused(anybody.get(JOBS), 401, "CREDENTIAL_MISSING")["message"]
    refused(anybody.post(EXECUTE, json=BODY), 401, "CREDENTIAL_MISSING")
    assert "Bearer" in refused(anybody.get(KEYS), 401, "CREDENTIAL_MISSING")["message"]
    refused(anybody.get("/api/v1/webhooks"), 401, "CREDENTIAL_MISSING")
    basic = {"authorization": "Basic dXNlcjpwYXNz"}
    refused(anybody.get(JOBS, headers=basic), 401, "CREDENTIAL_MISSING")


def test_a_wrong_key_is_not_let_in(anybody: httpx.Client, stack: Running) -> None:
    """Neither one that was cut off or changed nor one that nobody made."""
    key = stack.facts["api_key"]
    wrong = [
        key[:-1],
        f"{key}x",
        key.swapcase(),
        key[:-1] + ("a" if key[-1] != "a" else "b"),
        "ign_",
        "x",
        "ign_" * 99,
    ]
    for text in wrong:
        refused(anybody.get(JOBS, headers={"x-api-key": text}), 401, "API_KEY_INVALID")
        if text.startswith("ign_"):
            bearer = {"authorization": f"Bearer {text}"}
            refused(anybody.get(JOBS, headers=bearer), 401, "API_KEY_INVALID")


def test_two_keys_in_one_request_are_no_key(anybody: httpx.Client, stack: Running) -> None:
    """Whichever stands first: a request means one thing only."""
    good = ("x-api-key", stack.facts["api_key"])
    for headers in ([good, ("x-api-key", "ign_x")], [("x-api-key", "ign_x"), good], [good, good]):
        refused(anybody.get(JOBS, headers=headers), 401, "API_KEY_INVALID")


def test_each_path_takes_its_own_kind_of_credential(
    api: httpx.Client, person: httpx.Client
) -> None:
    """A session opens no public path, a key no path of the signed-in, also over detours."""
    for path in (
        JOBS,
        "/api/v1/public/status",
        "/api/v1//public/jobs",
        "/api/v1/./public/jobs",
        "/api/v1/x/../public/jobs",
        "/api/v1/x/%2e%2e/public/jobs",
        "/api/v1/p%75blic/jobs",
        "/%61pi/v1/public/jobs",
    ):
        refused(person.get(path), 401, "CREDENTIAL_UNSUITABLE")
    refused(api.get(KEYS), 401, "CREDENTIAL_UNSUITABLE")
    refused(api.post(KEYS, json={"name": "x"}), 401, "CREDENTIAL_UNSUITABLE")
    refused(api.get("/api/v1/webhooks"), 401, "CREDENTIAL_UNSUITABLE")


def test_a_session_that_is_not_good_is_not_let_in(anybody: httpx.Client, stack: Running) -> None:
    """Expired, not yet valid, of another issuer, without a user, or not signed by the issuer."""
    token, now = stack.facts["user_token"], int(time.time())
    head, claims, signature = token.split(".")
    wrong = {
        token_of(stack.data, token, "user_x", exp=now - 60): "SESSION_EXPIRED",
        token_of(stack.data, token, "user_x", nbf=now + 3600): "SESSION_INVALID",
        token_of(stack.data, token, "user_x", iss="https://evil.example"): "SESSION_INVALID",
        token_of(stack.data, token, "user_x", exp=None): "SESSION_INVALID",
        token_of(stack.data, token, ""): "SESSION_INVALID",
        token_of(stack.data, token, "user_x", sts="pending"): "SESSION_PENDING",
        f"{head}.{claims}.{signature[::-1]}": "SESSION_INVALID",
        f"{head}.{claims}.": "SESSION_INVALID",
        f"eyJhbGciOiJub25lIn0.{claims}.": "SESSION_INVALID",
        "x": "SESSION_INVALID",
        "x" * 10_000: "SESSION_INVALID",
    }
    for text, reason in wrong.items():
        refused(anybody.get(KEYS, headers={"authorization": f"Bearer {text}"}), 401, reason)


def test_a_client_that_claims_an_identity_is_still_nobody(anybody: httpx.Client) -> None:
    """What only the gateway may say has no effect when a client says it."""
    for name in ("x-ignis-identity", "X-Ignis-Identity", "x-envoy-original-path"):
        refused(anybody.get(JOBS, headers={name: "/health"}), 401, "CREDENTIAL_MISSING")
    refused(anybody.get(JOBS, headers={"x_ignis_identity": "x"}), 400, "HEADER_NAME_INVALID")


@pytest.mark.parametrize(
    ("fields", "reason", "told"),
    [
        ({"language": "cobol"}, "LANGUAGE_UNKNOWN", "bash, c, go, javascript, python"),
        ({"language": "Python"}, "LANGUAGE_UNKNOWN", "bash, c, go, javascript, python"),
        ({"language": "py\0thon"}, "LANGUAGE_UNKNOWN", "bash, c, go, javascript, python"),
        ({"language": "x" * 100_000}, "LANGUAGE_UNKNOWN", "bash, c, go, javascript, python"),
        ({"language": "python@2.7"}, "LANGUAGE_VERSION_UNKNOWN", "/api/v1/public/status"),
        ({"language": ""}, "VALIDATION_FAILED", "language"),
        ({"code": ""}, "CODE_EMPTY", "code"),
        ({"code": None}, "CODE_EMPTY", "code"),
        ({"code": "#" * (1024 * 1024 + 1)}, "VALIDATION_FAILED", "1048576 bytes"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_can_not_be_run_is_refused(
    api: httpx.Client, fields: dict[str, object], reason: str, told: str
) -> None:
    """An unknown language or version, no code, or too much of it; the answer says what helps."""
    error = refused(api.post(EXECUTE, json={**BODY, **fields}), 400, reason)
    assert told in error["message"]


def test_a_body_that_is_too_large_is_refused(api: httpx.Client) -> None:
    """With an announced length and without, and the connection serves the next request."""
    large = b"x" * (6 * 1024 * 1024 + 1)
    json_type = {"content-type": "application/json"}
    refused(api.post(EXECUTE, content=large, headers=json_type), 413, "BODY_TOO_LARGE")
    chunks = (large[at : at + 65_536] for at in range(0, len(large), 65_536))
    refused(api.post(EXECUTE, content=chunks, headers=json_type), 413, "BODY_TOO_LARGE")
    assert api.get("/health").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/v1",
        "/metrics",
        "/health/",
        "/health;x",
        f"{JOBS}/",
        f"{JOBS};x",
        "/API/V1/public/jobs",
        "/ignis.v1.JobService/GetStatus",
        "/ignis.v1.ExecutorService/Cancel",
        "/envoy.service.auth.v3.Authorization/Check",
    ],
)
def test_an_unknown_path_is_not_found(api: httpx.Client, path: str) -> None:
    """Also one that only gRPC has, or that only the services may call."""
    refused(api.get(path), 404, "ROUTE_UNKNOWN")
    refused(api.post(path, json={}), 404, "ROUTE_UNKNOWN")


@pytest.mark.parametrize("path", [f"{JOBS}/..%2fhealth", f"{JOBS}/%5c", f"{JOBS}/%00"])
def test_a_path_that_could_be_read_in_two_ways_is_refused(api: httpx.Client, path: str) -> None:
    """An escaped slash or NUL gets no further than the gateway."""
    refused(api.get(path), 400, "PATH_INVALID")


def test_a_wrong_method_is_refused(api: httpx.Client) -> None:
    """The answer names those that the path takes."""
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = api.request(method, EXECUTE)
        refused(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "POST"
    answer = api.post(JOBS, json={})
    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/jsonx"},
        {"content-type": ""},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
    ids=lambda headers: ",".join(headers.values()),
)
def test_another_type_than_json_is_refused(api: httpx.Client, headers: dict[str, str]) -> None:
    """Nothing is guessed about a body that doesn't say it is plain JSON."""
    content = b'{"language": "python", "code": "print(1)"}'
    refused(api.post(EXECUTE, content=content, headers=headers), 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("colour=blue", "QUERY_PARAMETER_UNKNOWN"),
        ("api_key=ign_x", "QUERY_PARAMETER_UNKNOWN"),
        ("limit=-1", "VALIDATION_FAILED"),
        ("limit=101", "VALIDATION_FAILED"),
        ("limit=many", "FIELD_INVALID"),
        ("limit=99999999999", "FIELD_INVALID"),
        ("cursor=nonsense", "VALIDATION_FAILED"),
        ("cursor=%00", "VALIDATION_FAILED"),
        ("status=finished", "VALIDATION_FAILED"),
        ("status=%00", "VALIDATION_FAILED"),
        ("language=%00", "VALIDATION_FAILED"),
        ("language=%ff", "REQUEST_UNREADABLE"),
        ("created_after=yesterday", "FIELD_INVALID"),
        ("created_after=0001-01-01T00:00:00Z", "VALIDATION_FAILED"),
        ("created_before=1969-12-31T23:59:59Z", "VALIDATION_FAILED"),
    ],
)
def test_a_wrong_query_is_refused(api: httpx.Client, query: str, reason: str) -> None:
    """A parameter that the path doesn't know, or whose value makes no sense."""
    refused(api.get(f"{JOBS}?{query}"), 400, reason)


def test_text_that_is_not_utf8_is_refused_in_a_path(
    api: httpx.Client, person: httpx.Client
) -> None:
    """It is the client's mistake, and no fault of a service."""
    refused(api.get(f"{JOBS}/%ff"), 400, "REQUEST_UNREADABLE")
    refused(person.get(f"{KEYS}/%ff"), 400, "REQUEST_UNREADABLE")
    refused(person.get("/api/v1/webhooks/%ff"), 400, "REQUEST_UNREADABLE")


def test_long_paths_and_headers_pass_up_to_the_gateways_limit(api: httpx.Client) -> None:
    """What the gateway lets pass the services take as well; beyond, the answer says so."""
    refused(api.get(f"{JOBS}/{'A' * 50_000}"), 404, "JOB_NOT_FOUND")
    assert api.get(JOBS, headers={"x-padding": "x" * 50_000}).status_code == 200
    refused(api.get(JOBS, headers={"x-padding": "x" * 65_000}), 431, "HEADERS_TOO_LARGE")
