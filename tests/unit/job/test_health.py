"""What GET /health says."""

from typing import Any, cast

import pytest
from google.protobuf.json_format import MessageToDict

from ignis.events.executors import ExecutorDirectory
from ignis.job.health import HealthReport
from ignis.server.health import Health, PingResult
from ignis.storage.postgres import Pool
from ignis.v1 import executor_pb2

OK = PingResult(ok=True, latency_ms=1.23456)
AWAY = PingResult(ok=False, latency_ms=None)


class Pinged:
    """Results of pings."""

    def __init__(self, **results: PingResult) -> None:
        self._results = {"database": OK, "nats": OK, "redis": OK, **results}

    def result(self, name: str) -> PingResult:
        """One of them."""
        return self._results[name]


class Connections:
    """A pool of connections."""

    def get_size(self) -> int:
        """Open."""
        return 3

    def get_idle_size(self) -> int:
        """Idle."""
        return 2

    def get_max_size(self) -> int:
        """At most."""
        return 8


class Directory:
    """Two executors, of which one may limit memory weakly; or none."""

    def __init__(self, *, there: bool, weak: bool = False) -> None:
        self._weak = (False, weak) if there else ()

    def alive(self) -> list[executor_pb2.Executor]:
        """Those that take jobs."""
        return [
            executor_pb2.Executor(
                capacity=2, running=1, sandbox="namespace", weak_memory_limits=weak
            )
            for weak in self._weak
        ]


class Context:
    """Remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def send_initial_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        """Send metadata."""
        self.sent += metadata


def report(*, there: bool = True, **results: PingResult) -> HealthReport:
    """A report on these results."""
    return report_of(Directory(there=there), **results)


def report_of(directory: Directory, **results: PingResult) -> HealthReport:
    """A report on these executors."""
    return HealthReport(
        cast("Health", Pinged(**results)),
        cast("Pool", Connections()),
        cast("ExecutorDirectory", directory),
    )


@pytest.mark.parametrize(
    ("results", "there", "status"),
    [
        ({}, True, "ok"),
        ({"redis": AWAY}, True, "degraded"),
        ({"database": AWAY}, True, "unavailable"),
        ({"nats": AWAY}, True, "unavailable"),
        ({}, False, "unavailable"),
        ({"redis": AWAY}, False, "unavailable"),
    ],
)
async def test_ignis_works_with_what_it_needs(
    results: dict[str, PingResult], status: str, *, there: bool
) -> None:
    """Redis may be away; without anything else jobs don't run, and HTTP says 503."""
    health, context = report(there=there, **results), Context()
    found = health.report()
    await health.send_status(found, cast("Any", context))

    assert found.status == status
    unavailable = [("x-ignis-http-status", "503")] if status == "unavailable" else []
    assert context.sent == unavailable


def test_the_figures_are_told() -> None:
    """Latencies, connections and executors are counted; what didn't answer has no latency."""
    found = report(redis=AWAY).report()

    assert MessageToDict(found.database, preserving_proto_field_name=True) == {
        "status": "ok",
        "latency_ms": 1.235,
        "pool_size": 3,
        "pool_idle": 2,
        "pool_max": 8,
    }
    assert (2, 4, 2) == (found.executors.count, found.executors.capacity, found.executors.running)
    assert ("unavailable", False) == (found.redis.status, found.redis.HasField("latency_ms"))
    assert found.version


@pytest.mark.parametrize(("weak", "said"), [(False, "exact"), (True, "weaker")])
def test_the_sandboxes_are_told(weak: bool, said: str) -> None:
    """Drivers are named once; one executor without cgroups makes memory limits weaker, no more."""
    found = report_of(Directory(there=True, weak=weak)).report()

    assert (["namespace"], said) == (list(found.executors.sandboxes), found.executors.memory_limits)
    assert "ok" == found.status


def test_without_an_executor_no_sandbox_is_told() -> None:
    """Nobody is there to limit memory."""
    found = report(there=False).report().executors

    assert ([], False) == (list(found.sandboxes), found.HasField("memory_limits"))
