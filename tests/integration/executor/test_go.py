"""A language with a compile step, from its toolchain to its verdicts."""

from pathlib import Path

import pytest
from tests.integration.executor.process import message, ran, running
from tests.servers import Server

from ignis.events.connection import Nats

PATIENCE = 110.0  # seconds; the first time ever, Go's own library is compiled
HELLO = 'package main\nimport "fmt"\nfunc main() { fmt.Println("Hello, World!") }\n'
WRONG = "package main\nfunc main() { x }\n"


@pytest.fixture(name="data")
def data_fixture(request: pytest.FixtureRequest) -> Path:
    """A data folder that the next run finds again, for each worker its own."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "alone")
    assert request.config.cache is not None
    return request.config.cache.mkdir(f"executor-{worker}")


async def test_go_is_compiled_and_runs(
    tmp_path: Path, nats: Server, connected: Nats, data: Path
) -> None:
    """Go code becomes a program that runs, and is kept; what doesn't compile has its verdict."""
    with running(tmp_path, nats.url, EXECUTOR_DATA_DIR=str(data)) as service:
        service.wait_for(200, PATIENCE)
        good = (await ran(connected, message(HELLO, "go"))).ended
        again = (await ran(connected, message(HELLO, "go"))).ended
        bad = (await ran(connected, message(WRONG, "go"))).ended

    assert ("completed", b"Hello, World!\n", 0) == (
        good.status,
        good.result.stdout,
        good.result.compile.exit_code,
    )
    assert good.result.compile.duration_ms > 0
    assert (b"Hello, World!\n", True) == (again.result.stdout, again.result.compile.cached)
    assert ("failed", "compile_error") == (bad.status, bad.verdict)
    assert b"main.go:2" in bad.result.compile.stdout + bad.result.compile.stderr
    assert not bad.result.HasField("exit_code")
