"""Sandboxes for the hostile programs, and the check that nothing of them remains."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.integration.executor.sandbox.hosts import (
    MODES,
    Sandbox,
    open_host,
    skip_unless_possible,
)
from tests.security.remains import Watch

from ignis.executor.models import Mount

GO = Path("/opt/go")  # in the sandbox


@pytest.fixture(name="watch", scope="session", autouse=True)
def watch_fixture() -> Iterator[Watch]:
    """Remembers every sandbox; when all tests of this process are over, nothing may be left.

    All sandboxes are closed by then. Each worker of xdist checks its own.
    """
    watch = Watch()
    yield watch
    assert [] == watch.wait()


@pytest.fixture(name="canary", scope="session", autouse=True)
def canary_fixture() -> Iterator[str]:
    """A secret in the executor's environment, which stands there before any sandbox is made."""
    secret = f"ignis-canary-{secrets.token_hex(16)}"
    os.environ["IGNIS_CANARY"] = secret
    yield secret
    del os.environ["IGNIS_CANARY"]


@pytest.fixture(name="mode", scope="session", params=MODES)
def mode_fixture(request: pytest.FixtureRequest) -> str:
    """Whose sandbox it is."""
    mode: str = request.param
    skip_unless_possible(mode)
    return mode


@pytest_asyncio.fixture(name="sandbox", scope="session", loop_scope="session")
async def sandbox_fixture(mode: str, watch: Watch) -> AsyncIterator[Sandbox]:
    """A sandbox that all tests share; it shows Go, where its user can reach that."""
    found = Path(__file__).parents[2].glob(".servers/lib/python*/site-packages/go")
    mounts = tuple(Mount(root, GO) for root in found) if mode == "own" else ()
    host = await open_host(mode, mounts)
    watch.note(host)
    yield host
    watch.note(host)
    await host.close()
