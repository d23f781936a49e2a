"""What pages of other origins may do."""

from pathlib import Path

import httpx
import pytest
from tests.integration.gateway.envoy import configuration, run_gateway
from tests.integration.gateway.shape import summary_of
from tests.integration.gateway.stubs import Stubs, deny

pytestmark = pytest.mark.asyncio(loop_scope="session")

ORIGIN = {"origin": "https://app.example"}
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}


@pytest.mark.parametrize("origin", ["https://app.example", "http://localhost:3000"])
async def test_an_allowed_origin_may_ask_and_call(
    rest: httpx.AsyncClient, stubs: Stubs, origin: str
) -> None:
    """A listed origin gets its preflight answered, without auth, and then its answer."""
    preflight = await rest.options(
        "/api/v1/public/execute", headers={"origin": origin, **PREFLIGHT}
    )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert "x-api-key" in preflight.headers["access-control-allow-headers"]
    assert stubs.calls == stubs.checks == []
    response = await rest.get("/health", headers={"origin": origin})
    assert response.headers["access-control-allow-origin"] == origin
    assert "x-request-id" in response.headers["access-control-expose-headers"]
    assert response.headers["vary"] == "origin"


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/public/execute", "/api/v1/public/jobs"])
async def test_errors_can_be_read_too(rest: httpx.AsyncClient, stubs: Stubs, path: str) -> None:
    """A page can read why it was refused: 404, 405 and 401 alike."""
    stubs.check = lambda _request: deny(401, "API_KEY_MISSING", "Send a key.")
    response = await rest.get(path, headers=ORIGIN)
    assert response.status_code in {401, 404, 405}
    assert response.headers["access-control-allow-origin"] == ORIGIN["origin"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://app.example.evil.example",
        "https://appxexample",
        "null",
        "*",
    ],
)
async def test_other_origins_may_not(rest: httpx.AsyncClient, stubs: Stubs, origin: str) -> None:
    """An origin that is not listed gets no permission."""
    headers = {"origin": origin}
    preflight = await rest.options("/api/v1/public/execute", headers=headers | PREFLIGHT)
    assert summary_of(preflight) == (405, "UNIMPLEMENTED", "METHOD_NOT_ALLOWED")
    response = await rest.get("/health", headers=headers)
    assert response.status_code == 200
    for each in (preflight, response):
        assert [name for name in each.headers if name.startswith("access-control-")] == []
    assert len(stubs.calls) == 1


@pytest.mark.parametrize(("setting", "allowed"), [("*", True), ("", False)])
async def test_any_or_no_origin(
    running_stubs: Stubs, tmp_path: Path, setting: str, allowed: bool
) -> None:
    """`*` lets every origin call, an empty list none."""
    config = configuration(running_stubs.ports, setting)
    async with run_gateway(tmp_path, config) as gateway, httpx.AsyncClient() as client:
        response = await client.get(f"{gateway.url}/health", headers=ORIGIN)
    assert allowed == ("access-control-allow-origin" in response.headers)
