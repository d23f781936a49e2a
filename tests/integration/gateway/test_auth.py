"""What the auth service decides, as callers see it."""

import asyncio

import httpx
import pytest
from tests.integration.gateway.shape import error_of, summary_of
from tests.integration.gateway.stubs import Stubs, deny

pytestmark = pytest.mark.asyncio(loop_scope="session")

JOB = "/api/v1/public/jobs/01K"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "INVALID_ARGUMENT"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (429, "RESOURCE_EXHAUSTED"),
        (503, "UNAVAILABLE"),
    ],
)
async def test_a_denial_keeps_reason_and_message(
    rest: httpx.AsyncClient, stubs: Stubs, status: int, code: str
) -> None:
    """A denial has the one shape, with the reason and the message that auth gave."""
    message = 'Send a "key",\nplease: é漢'
    stubs.check = lambda _request: deny(status, "SOME_REASON", message)
    response = await rest.get(JOB)
    assert summary_of(response) == (status, code, "SOME_REASON")
    assert error_of(response)["message"] == message
    assert stubs.calls == []


async def test_a_rate_limit_says_when_to_try_again(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """429 keeps the headers that auth gave it."""
    stubs.check = lambda _request: deny(
        429, "RATE_LIMITED", "Slow down.", retry_after="7", x_ratelimit_limit="100"
    )
    response = await rest.get(JOB)
    assert summary_of(response) == (429, "RESOURCE_EXHAUSTED", "RATE_LIMITED")
    assert response.headers["retry-after"] == "7"
    assert response.headers["x-ratelimit-limit"] == "100"


async def test_a_denial_without_words_is_filled_in(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """A denial that says nothing still tells the caller what to do."""
    stubs.check = lambda _request: deny(401, "API_KEY_INVALID", "")
    response = await rest.get(JOB)
    assert summary_of(response) == (401, "UNAUTHENTICATED", "API_KEY_INVALID")
    assert "x-request-id" in error_of(response)["message"]


async def test_the_connection_survives_a_denied_post(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """The body of a request that auth denied does not spoil the connection."""
    stubs.check = lambda _request: deny(401, "API_KEY_MISSING", "Send a key.")
    responses = [
        await rest.post("/api/v1/public/execute", json={"code": "x" * 100_000}) for _ in range(3)
    ]
    assert [response.status_code for response in responses] == [401] * 3
    streams = (response.extensions["network_stream"] for response in responses)
    assert len({stream.get_extra_info("client_addr") for stream in streams}) == 1


async def test_auth_sees_what_it_decides_by(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """Auth gets the RPC, the REST path and the credentials, and no other header."""
    response = await rest.get(
        f"{JOB}?", headers={"x-api-key": "ign_a", "authorization": "Bearer b", "cookie": "c=d"}
    )
    asked = stubs.checks[0].attributes.request.http
    assert asked.path == "/ignis.v1.JobService/GetJob"
    assert asked.headers["x-envoy-original-path"].startswith(JOB)
    assert asked.headers["x-api-key"] == "ign_a"
    assert asked.headers["authorization"] == "Bearer b"
    assert asked.headers["x-request-id"] == response.headers["x-request-id"]
    assert "cookie" not in asked.headers


@pytest.mark.parametrize("path", ["/health", "/api/v1/public/health"])
async def test_open_paths_ask_nobody(rest: httpx.AsyncClient, stubs: Stubs, path: str) -> None:
    """What the contract opens to anybody works while auth denies everything."""
    stubs.check = lambda _request: deny(401, "API_KEY_MISSING", "Send a key.")
    assert (await rest.get(path)).status_code == 200
    assert stubs.checks == []
    assert "x-ignis-identity" not in stubs.calls[0].metadata


async def test_nobody_gets_in_while_auth_hangs(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """An auth service that does not answer in time keeps everybody out."""

    async def hang(_request: object) -> None:
        await asyncio.Event().wait()

    stubs.check = hang
    response = await rest.get(JOB)
    assert summary_of(response) == (503, "UNAVAILABLE", "SERVICE_UNAVAILABLE")
    assert response.headers["retry-after"] == "1"
    assert stubs.calls == []


@pytest.mark.parametrize("name", ["x-ignis-identity", "X-Ignis-Http-Status", "X-IGNIS-anything"])
async def test_clients_cannot_set_internal_headers(
    rest: httpx.AsyncClient, stubs: Stubs, name: str
) -> None:
    """No spelling of an internal header passes, on open paths neither."""
    await rest.get("/health", headers={name: "forged"})
    await rest.get(JOB, headers={name: "forged"})
    assert "forged" not in [value for call in stubs.calls for value in call.metadata.values()]
    assert "forged" not in str(stubs.checks)


async def test_clients_cannot_steer_envoy(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """Envoy's own control headers and a made-up request id are removed."""
    forged = {
        "x-envoy-original-path": "/forged",
        "x-envoy-upstream-rq-timeout-ms": "1",
        "x-envoy-max-retries": "99",
        "x-request-id": "forged",
    }
    response = await rest.get(JOB, headers=forged)
    assert response.status_code == 200
    metadata = stubs.calls[0].metadata
    assert metadata["x-envoy-original-path"] == JOB
    assert "forged" not in metadata["x-request-id"]
    assert {"x-envoy-upstream-rq-timeout-ms", "x-envoy-max-retries"}.isdisjoint(metadata)


async def test_header_names_with_underscores_are_refused(
    rest: httpx.AsyncClient, stubs: Stubs
) -> None:
    """x_ignis_identity cannot pass for x-ignis-identity anywhere."""
    response = await rest.get("/health", headers={"x_ignis_identity": "forged"})
    assert summary_of(response) == (400, "INVALID_ARGUMENT", "HEADER_NAME_INVALID")
    assert stubs.calls == []
