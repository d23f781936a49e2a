"""Health: a service is ready while every dependency that it needs answers.

Served as `grpc.health.v1` per service name, and as `/healthz` over HTTP.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from grpc_health.v1 import _async as health_aio
from grpc_health.v1 import health_pb2

from ignis.server.logs import get_logger

PING_LIMIT = 0.5  # seconds; a dependency that takes longer is as good as away
INTERVAL = 1.0  # seconds between two rounds

Ping = Callable[[], Awaitable[object]]

log = get_logger()


@dataclass(frozen=True, slots=True)
class PingResult:
    """What one dependency answered."""

    ok: bool
    latency_ms: float | None  # None when there was no answer


class Health:
    """Pings what a service depends on, and says whether it is ready."""

    def __init__(self) -> None:
        self.servicer = health_aio.HealthServicer()
        self.ready = False
        self._pings: dict[str, tuple[Ping, bool]] = {}
        self._names = [""]
        self._last: dict[str, PingResult] = {}
        self._draining = False

    def depends_on(self, name: str, ping: Ping, *, required: bool = True) -> None:
        """Add a dependency; one that is not required is watched, no more."""
        self._pings[name] = (ping, required)

    def serves(self, service: str) -> None:
        """Add the name of a gRPC service that this process serves."""
        self._names.append(service)

    async def start(self) -> None:
        """Say NOT_SERVING for every name until the first round is done."""
        await self._publish(ready=False)

    def result(self, name: str) -> PingResult:
        """The newest result for a dependency."""
        return self._last.get(name, PingResult(ok=False, latency_ms=None))

    async def watch(self) -> None:
        """Ping for ever."""
        while True:
            await self.check()
            await asyncio.sleep(INTERVAL)

    async def check(self) -> None:
        """Ping everything once, and publish what that means."""
        results = await asyncio.gather(*(_ping(ping) for ping, _ in self._pings.values()))
        for name, result in zip(self._pings, results, strict=True):
            if self.result(name).ok != result.ok:
                log.warning("dependency changed", dependency=name, ok=result.ok)
            self._last[name] = result
        wanted = [name for name, (_, required) in self._pings.items() if required]
        ready = not self._draining and all(self._last[name].ok for name in wanted)
        if ready != self.ready:
            await self._publish(ready=ready)

    async def drain(self) -> None:
        """Say NOT_SERVING from now on, so that no new work comes."""
        self._draining = True
        self.ready = False
        await self.servicer.enter_graceful_shutdown()

    async def _publish(self, *, ready: bool) -> None:
        self.ready = ready
        statuses = health_pb2.HealthCheckResponse
        status = statuses.SERVING if ready else statuses.NOT_SERVING
        for name in self._names:
            await self.servicer.set(name, status)


async def _ping(ping: Ping) -> PingResult:
    began = time.perf_counter()
    pinging = asyncio.ensure_future(ping())
    pinging.add_done_callback(_noticed)
    # A driver may wait for its own cancellation, at a server that is frozen for
    # ever: so the ping is told to stop, and not waited for.
    done, _ = await asyncio.wait([pinging], timeout=PING_LIMIT)
    if not done:
        pinging.cancel()
        return PingResult(ok=False, latency_ms=None)
    if pinging.cancelled() or pinging.exception() is not None:
        return PingResult(ok=False, latency_ms=None)
    return PingResult(ok=True, latency_ms=(time.perf_counter() - began) * 1000)


def _noticed(pinging: "asyncio.Future[object]") -> None:
    """Take the exception of a ping that nobody waits for any more."""
    if not pinging.cancelled():
        pinging.exception()
