"""One gateway with stubs behind it for all tests of a process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import grpc.aio
import httpx
import pytest
import pytest_asyncio
from tests.integration.gateway.envoy import Gateway, configuration, run_gateway
from tests.integration.gateway.stubs import Stubs, serve


@pytest_asyncio.fixture(scope="session", loop_scope="session", name="running_stubs")
async def fixture_running_stubs() -> AsyncIterator[Stubs]:
    """The stubs of the three services, each on a port of its own."""
    stubs = Stubs()
    async with AsyncExitStack() as stack:
        for name in ("auth", "job", "webhook"):
            await stack.enter_async_context(serve(stubs, name))
        yield stubs


@pytest.fixture(name="stubs")
def fixture_stubs(running_stubs: Stubs) -> Stubs:
    """The stubs, knowing nothing of earlier tests."""
    running_stubs.reset()
    return running_stubs


@pytest_asyncio.fixture(scope="session", loop_scope="session", name="gateway")
async def fixture_gateway(
    running_stubs: Stubs, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """The gateway before the stubs."""
    folder = tmp_path_factory.mktemp("gateway")
    async with run_gateway(folder, configuration(running_stubs.ports)) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="session", name="rest")
async def fixture_rest(gateway: Gateway, stubs: Stubs) -> AsyncIterator[httpx.AsyncClient]:
    """A REST client of the gateway that keeps one connection, with fresh stubs."""
    assert not stubs.calls
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(base_url=gateway.url, limits=limits, timeout=20) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session", name="channel")
async def fixture_channel(gateway: Gateway, stubs: Stubs) -> AsyncIterator[grpc.aio.Channel]:
    """A gRPC channel to the gateway, with fresh stubs."""
    assert not stubs.calls
    async with grpc.aio.insecure_channel(gateway.address) as channel:
        yield channel
