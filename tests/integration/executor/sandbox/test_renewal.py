"""A fork server serves for a while; the next takes over, and no program notices."""

import asyncio
import os

import pytest
from tests.integration.executor.sandbox import leftovers
from tests.integration.executor.sandbox.hosts import INTERPRETER
from tests.integration.executor.sandbox.programs import command, python, ran

from ignis.executor.sandbox import Sandbox, open_sandbox
from ignis.executor.sandbox.namespace import servers

pytestmark = pytest.mark.alone


async def secret(host: Sandbox) -> bytes:
    """Return what copies of one started interpreter share."""
    return ran(await host.run(python("print(hash('secret'))"))).stdout


def fork_servers() -> int:
    """Return how many fork servers this process has."""
    below = leftovers.children(os.getpid())
    return sum(leftovers.parent(pid) == os.getpid() for pid in below)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's interpreters are started ahead")
async def test_the_secret_of_hashes_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs come to run in copies of another interpreter, and one that runs ends as ever."""
    host = await open_sandbox("namespace", slots=2, interpreter=INTERPRETER)
    try:
        first = await secret(host)
        running = asyncio.create_task(host.run(command("sleep", "2")))
        monkeypatch.setattr(servers, "RENEW_SECONDS", 0.0)
        async with asyncio.timeout(30):
            while first == await secret(host):
                pass
        monkeypatch.undo()

        assert 2 == fork_servers()
        assert 0 == ran(await running).exit_code
        async with asyncio.timeout(30):
            while fork_servers() > 1:
                await secret(host)
        assert await secret(host) == await secret(host)
    finally:
        await host.close()
    assert 0 == fork_servers()
