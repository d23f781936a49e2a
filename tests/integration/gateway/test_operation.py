"""The configuration itself, and what the gateway writes about its work."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from tests.integration.gateway.envoy import Gateway, configuration, envoy_binary, read, run_gateway
from tests.integration.gateway.stubs import Stubs, deny

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_envoy_accepts_the_configuration(tmp_path: Path) -> None:
    """Envoy's own check finds nothing wrong, and warns of nothing."""
    config = tmp_path / "envoy.yaml"
    config.write_text(configuration({"auth": 1, "job": 2, "webhook": 3}))
    arguments = ("--mode", "validate", "-c", config, "--disable-hot-restart")
    checking = await asyncio.create_subprocess_exec(
        envoy_binary(), *arguments, stderr=asyncio.subprocess.PIPE
    )
    _, stderr = await checking.communicate()
    assert checking.returncode == 0, stderr
    assert b"deprecated" not in stderr.lower()


async def test_a_port_that_is_taken_is_an_error(
    gateway: Gateway, running_stubs: Stubs, tmp_path: Path
) -> None:
    """A second gateway on the same port does not start beside the first."""
    config = configuration(running_stubs.ports).replace(
        'address: "127.0.0.1", port_value: 0', f'address: "127.0.0.1", port_value: {gateway.port}'
    )
    with pytest.raises(AssertionError, match="Address already in use"):
        async with run_gateway(tmp_path, config):
            pass


async def test_each_answer_is_logged_without_secrets(
    gateway: Gateway, rest: httpx.AsyncClient, stubs: Stubs
) -> None:
    """A log line is JSON and names the request, without credentials or its query."""
    stubs.check = lambda _request: deny(401, "API_KEY_INVALID", "Send another key.")
    secrets = {
        "x-api-key": "hunter2",
        "authorization": "Bearer hunter2",
        "cookie": "hunter2",
        "referer": "https://app.example/?key=hunter2",
    }
    response = await rest.get("/api/v1/public/jobs?cursor=hunter2", headers=secrets)
    line = await _logged(gateway.access_log, response.headers["x-request-id"])
    assert "hunter2" not in line
    expected = {
        "method": "GET",
        "path": "/api/v1/public/jobs",
        "status": 401,
        "details": "ext_authz_denied",
        "client": "127.0.0.1",
    }
    assert expected.items() <= json.loads(line).items()


async def test_every_answer_has_its_own_request_id(rest: httpx.AsyncClient) -> None:
    """Two answers never share an id."""
    ids = {(await rest.get(path)).headers["x-request-id"] for path in ["/health", "/nowhere"] * 3}
    assert len(ids) == 6


async def _logged(log: Path, request_id: str) -> str:
    """Wait for the line of a request; Envoy writes its log in the background."""
    async with asyncio.timeout(10):
        while True:
            for line in read(log).splitlines(keepends=True):
                if request_id in line and line.endswith("\n"):
                    return line
            await asyncio.sleep(0.02)
