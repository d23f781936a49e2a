"""Health, without a server."""

import asyncio

import pytest
from grpc_health.v1 import health_pb2

from ignis.server import health as module
from ignis.server.health import Health

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
NAME = "ignis.v1.JobService"


class Dependency:
    """Something that answers, or doesn't, or not in time."""

    def __init__(self) -> None:
        self.away = False
        self.slow = False

    async def ping(self) -> None:
        """Answer."""
        if self.slow:
            await asyncio.sleep(60)
        if self.away:
            raise ConnectionError


@pytest.fixture(name="needed")
def needed_fixture() -> Dependency:
    """A dependency that answers."""
    return Dependency()


@pytest.fixture(name="health")
async def health_fixture(needed: Dependency) -> Health:
    """The health of a service that needs it."""
    health = Health()
    health.depends_on("database", needed.ping)
    health.serves(NAME)
    await health.start()
    return health


async def statuses(health: Health) -> set[int]:
    """What gRPC is told, of the service and of the whole."""
    return {health.servicer._server_status[name] for name in ("", NAME)}


async def test_a_start_is_not_ready(health: Health) -> None:
    """Until everything was asked once, nothing is promised."""
    assert not health.ready
    assert {NOT_SERVING} == await statuses(health)
    assert not health.result("database").ok


async def test_it_follows_what_it_needs(health: Health, needed: Dependency) -> None:
    """Ready while the dependency answers, and only then."""
    for away in (False, True, False):
        needed.away = away
        await health.check()
        assert health.ready is not away
        assert {NOT_SERVING if away else SERVING} == await statuses(health)
        assert health.result("database").ok is not away
        assert (health.result("database").latency_ms is None) is away


async def test_one_that_takes_too_long_is_away(
    health: Health, needed: Dependency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that comes too late is none."""
    monkeypatch.setattr(module, "PING_LIMIT", 0.01)
    needed.slow = True
    await asyncio.wait_for(health.check(), 2)

    assert not health.ready


async def test_one_that_can_not_be_cancelled_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ping that waits through its own cancellation holds nobody up."""
    monkeypatch.setattr(module, "PING_LIMIT", 0.01)
    thawed = asyncio.Event()

    async def frozen() -> None:
        try:
            await thawed.wait()
        finally:
            await thawed.wait()

    health = Health()
    health.depends_on("database", frozen)
    await asyncio.wait_for(health.check(), 2)
    thawed.set()

    assert not health.ready


async def test_what_is_not_required_is_watched(health: Health) -> None:
    """A service works without what it can do without."""
    cache = Dependency()
    cache.away = True
    health.depends_on("redis", cache.ping, required=False)
    await health.check()

    assert health.ready
    assert not health.result("redis").ok


async def test_draining_is_for_good(health: Health) -> None:
    """Once it drains, no answer of a dependency makes it ready again."""
    await health.check()
    await health.drain()
    assert {NOT_SERVING} == await statuses(health)
    await health.check()

    assert not health.ready
    assert {NOT_SERVING} == await statuses(health)


async def test_a_drain_within_a_check_wins(health: Health, needed: Dependency) -> None:
    """A check that began before the drain doesn't undo it."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await go_on.wait()

    health.depends_on("slow", slow)
    checking = asyncio.create_task(health.check())
    await begun.wait()
    await health.drain()
    go_on.set()
    await checking

    assert not needed.away
    assert not health.ready
    assert {NOT_SERVING} == await statuses(health)


async def test_a_service_without_needs_is_ready() -> None:
    """Nothing to wait for is no reason to wait."""
    health = Health()
    await health.start()
    await health.check()

    assert health.ready


async def test_watching_goes_on(
    health: Health, needed: Dependency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch notices each change, one after the other."""
    monkeypatch.setattr(module, "INTERVAL", 0.001)
    watching = asyncio.create_task(health.watch())
    try:
        async with asyncio.timeout(5):
            for away in (False, True, False):
                needed.away = away
                while health.ready is away:  # noqa: ASYNC110 - the watch has no event to wait for
                    await asyncio.sleep(0)
    finally:
        watching.cancel()
