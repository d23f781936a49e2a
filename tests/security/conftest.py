"""Sandboxes for the hostile programs, and the check that nothing of them remains."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from tests.integration.executor.sandbox.hosts import Sandbox, mode_fixture, open_host
from tests.security.remains import Watch

__all__ = ["mode_fixture"]


@pytest.fixture(name="watch", scope="session", autouse=True)
def watch_fixture() -> Iterator[Watch]:
    """Remembers every sandbox; when all tests of this process are over, nothing may be left.

    Whatever is scoped to modules is closed by then. Each worker of xdist checks its own.
    """
    watch = Watch()
    yield watch
    assert [] == asyncio.run(watch.until_nothing())


@pytest.fixture(name="canary", scope="session", autouse=True)
def canary_fixture() -> Iterator[str]:
    """A secret in the executor's environment, which stands there before any sandbox is made."""
    secret = f"ignis-canary-{secrets.token_hex(16)}"
    os.environ["IGNIS_CANARY"] = secret
    yield secret
    del os.environ["IGNIS_CANARY"]


@pytest_asyncio.fixture(name="sandbox", scope="module", loop_scope="module")
async def sandbox_fixture(mode: str, watch: Watch) -> AsyncIterator[Sandbox]:
    """A sandbox that a module's tests share."""
    host = await open_host(mode)
    watch.note(host)
    yield host
    watch.note(host)
    await host.close()
