"""What Envoy is told."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from envoy.service.auth.v3 import external_auth_pb2
from structlog.testing import capture_logs
from tests.unit.auth.memory import metrics

from ignis.auth.check import Authorization
from ignis.auth.gate import Admission, Call, RateLimited
from ignis.auth.gcra import Decision
from ignis.errors import (
    IgnisError,
    Internal,
    NotFound,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
)
from ignis.server.identity import CredentialKind, Identity, IdentitySigner, IdentityVerifier

# These messages come without types.
envoy: Any = external_auth_pb2

ANNA = Identity("anna", CredentialKind.API_KEY, frozenset({"jobs:read"}), "nonce", "01")
LIMIT = Decision(allowed=True, limit=10, remaining=9, reset=5.2, retry_after=0)
USED_UP = Decision(allowed=False, limit=10, remaining=0, reset=59.1, retry_after=2.4)


class Door:
    """A gate that does as it is told."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answer: Admission | Exception = Admission()

    async def admit(self, call: Call) -> Admission:
        """Let in, or not."""
        self.calls.append(call)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Desk:
    """A servicer with its gate and a key pair."""

    def __init__(self) -> None:
        self.door = Door()
        self.private = Ed25519PrivateKey.generate()
        self.metrics = metrics()
        door: Any = self.door
        self.servicer = Authorization(door, IdentitySigner("k1", self.private), self.metrics)

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """The public half."""
        return self.private.public_key() if key_id == "k1" else None

    async def check(self, answer: Admission | Exception, **headers: str) -> Any:  # noqa: ANN401 - as above
        """Ask about a request."""
        self.door.answer = answer
        request = envoy.CheckRequest()
        request.attributes.request.http.path = "/ignis.v1.JobService/Execute?a=b"
        for name, value in headers.items():
            request.attributes.request.http.headers[name.replace("_", "-")] = value
        context: Any = None
        return await self.servicer.Check(request, context)


@pytest.fixture(name="desk")
def desk_fixture() -> Desk:
    """A servicer."""
    return Desk()


def headers(options: Any) -> dict[str, str]:  # noqa: ANN401 - as above
    """The headers of an answer; each one replaces what a client may have sent."""
    assert all(option.append_action == option.OVERWRITE_IF_EXISTS_OR_ADD for option in options)
    return {option.header.key: option.header.value for option in options}


async def test_an_admitted_call_carries_its_identity(desk: Desk) -> None:
    """The token is one that the other services verify, and no secret goes along."""
    answer = await desk.check(Admission(ANNA, LIMIT))
    token = headers(answer.ok_response.headers)["x-ignis-identity"]

    assert answer.status.code == 0
    assert await IdentityVerifier(desk).verify(token) == ANNA
    assert list(answer.ok_response.headers_to_remove) == ["x-api-key", "authorization"]
    assert headers(answer.ok_response.response_headers_to_add) == {
        "x-ratelimit-limit": "10",
        "x-ratelimit-remaining": "9",
        "x-ratelimit-reset": "6",
    }


async def test_an_open_call_carries_no_identity(desk: Desk) -> None:
    """Nobody's identity is added, and one that was smuggled in is removed."""
    answer = await desk.check(Admission())

    assert answer.status.code == 0
    assert headers(answer.ok_response.headers) == {}
    assert headers(answer.ok_response.response_headers_to_add) == {}
    assert set(answer.ok_response.headers_to_remove) == {
        "x-api-key",
        "authorization",
        "x-ignis-identity",
    }


async def test_the_call_is_read_from_the_request(desk: Desk) -> None:
    """Path without query, both headers, and the path that REST clients sent."""
    await desk.check(
        Admission(),
        x_api_key="a",
        authorization="b",
        x_envoy_original_path="/api/v1/public/execute",
    )

    assert desk.door.calls == [
        Call("/ignis.v1.JobService/Execute", "/api/v1/public/execute", "a", "b")
    ]


@pytest.mark.parametrize(
    ("error", "http", "grpc"),
    [
        (Unauthenticated("R", "text"), 401, 16),
        (PermissionDenied("R", "text"), 403, 7),
        (NotFound("R", "text"), 404, 5),
        (Unavailable("R", "text"), 503, 14),
        (Internal("R", "text"), 503, 13),
    ],
)
async def test_a_refusal_has_its_status(
    desk: Desk, error: IgnisError, http: int, grpc: int
) -> None:
    """HTTP and gRPC status, the reason, and the message as plain text."""
    answer = await desk.check(error)
    told = headers(answer.denied_response.headers)

    assert (answer.denied_response.status.code, answer.status.code) == (http, grpc)
    assert answer.denied_response.body == answer.status.message == "text"
    assert told["x-ignis-reason"] == "R"
    assert told["content-type"].startswith("text/plain")
    assert ("www-authenticate" in told) == (http == 401)


async def test_a_used_up_limit_says_when_to_come_back(desk: Desk) -> None:
    """429 has Retry-After in whole seconds, and the limit's headers."""
    answer = await desk.check(RateLimited(USED_UP))
    told = headers(answer.denied_response.headers)

    assert (answer.denied_response.status.code, answer.status.code) == (429, 8)
    assert told["x-ignis-reason"] == "RATE_LIMITED"
    assert told["retry-after"] == "3"
    assert (told["x-ratelimit-limit"], told["x-ratelimit-remaining"]) == ("10", "0")
    assert told["x-ratelimit-reset"] == "60"


async def test_whatever_goes_wrong_lets_nobody_in(desk: Desk) -> None:
    """An error that nobody foresaw is a 503 with a fixed sentence."""
    with capture_logs() as logs:
        answer = await desk.check(RuntimeError("planted detail"))

    assert answer.denied_response.status.code == 503
    assert answer.status.code == 14
    assert "planted" not in str(answer)
    assert "error" in [log["log_level"] for log in logs]
    assert not answer.HasField("ok_response")


async def test_secrets_are_not_logged(desk: Desk) -> None:
    """No line tells what a client has shown."""
    with capture_logs() as logs:
        for answer in (Admission(ANNA, LIMIT), Unauthenticated("R", "text"), RuntimeError("x")):
            await desk.check(answer, x_api_key="planted-key", authorization="Bearer planted-token")

    assert logs
    assert "planted" not in str(logs)


async def test_answers_are_counted_by_reason(desk: Desk) -> None:
    """Operators see who is refused, and why."""
    await desk.check(Admission())
    await desk.check(Unauthenticated("API_KEY_INVALID", "text"))
    await desk.check(Unauthenticated("API_KEY_INVALID", "text"))

    count = desk.metrics.checks.labels
    assert (count("")._value.get(), count("API_KEY_INVALID")._value.get()) == (1, 2)
