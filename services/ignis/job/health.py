"""What GET /health says of Ignis as a whole."""

from importlib.metadata import version
from typing import Any

import grpc.aio

from ignis.events.executors import ExecutorDirectory
from ignis.server.health import Health, PingResult
from ignis.server.rpcs import HTTP_STATUS_HEADER
from ignis.storage.postgres import Pool
from ignis.v1 import executor_pb2, job_pb2

OK = "ok"
DEGRADED = "degraded"
UNAVAILABLE = "unavailable"
EXACT = "exact"
WEAKER = "weaker"
HTTP_UNAVAILABLE = 503


class HealthReport:
    """Puts together what the pings and the announcements say."""

    def __init__(self, health: Health, pool: Pool, directory: ExecutorDirectory) -> None:
        self._health = health
        self._pool = pool
        self._directory = directory
        self._version = version("ignis")

    def report(self) -> job_pb2.Health:
        """The state of now.

        Without database, NATS or executors Ignis can't work; without Redis
        limits are counted in memory, and jobs run.
        """
        database, nats, redis = (self._health.result(n) for n in ("database", "nats", "redis"))
        executors = self._executors()
        works = database.ok and nats.ok and executors.status == OK
        status = UNAVAILABLE if not works else OK if redis.ok else DEGRADED
        return job_pb2.Health(
            status=status,
            version=self._version,
            database=job_pb2.DatabaseHealth(
                status=_word(database),
                latency_ms=_rounded(database),
                pool_size=self._pool.get_size(),
                pool_idle=self._pool.get_idle_size(),
                pool_max=self._pool.get_max_size(),
            ),
            nats=job_pb2.DependencyHealth(status=_word(nats), latency_ms=_rounded(nats)),
            redis=job_pb2.DependencyHealth(status=_word(redis), latency_ms=_rounded(redis)),
            executors=executors,
        )

    async def send_status(
        self, report: job_pb2.Health, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> None:
        """Make the HTTP status 503 when Ignis can't work."""
        if report.status == UNAVAILABLE:
            await context.send_initial_metadata(((HTTP_STATUS_HEADER, str(HTTP_UNAVAILABLE)),))

    def _executors(self) -> job_pb2.ExecutorsHealth:
        alive = self._directory.alive()
        return job_pb2.ExecutorsHealth(
            status=OK if alive else UNAVAILABLE,
            count=len(alive),
            capacity=sum(executor.capacity for executor in alive),
            running=sum(executor.running for executor in alive),
            sandboxes=sorted({executor.sandbox for executor in alive}),
            memory_limits=_memory_limits(alive),
        )


def _memory_limits(executors: list[executor_pb2.Executor]) -> str | None:
    if not executors:
        return None
    return WEAKER if any(executor.weak_memory_limits for executor in executors) else EXACT


def _word(result: PingResult) -> str:
    return OK if result.ok else UNAVAILABLE


def _rounded(result: PingResult) -> float | None:
    return None if result.latency_ms is None else round(result.latency_ms, 3)
