"""Two tenants run at once, and try every channel between them but timing."""

import asyncio
from pathlib import Path

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import python, ran
from tests.security import cases

from ignis.executor.models import Program, StepOutcome

pytestmark = pytest.mark.asyncio(loop_scope="session")
TENANTS = cases.PROGRAMS / "tenants"
BOTH = (TENANTS / "both.py").read_text()
CHANNELS = sorted(set(TENANTS.glob("*.py")) - {TENANTS / "both.py"})
NAMES = ("alice", "bob")
LEAST_SECONDS = 0.2
TRIES = 10


def tenant(path: Path, name: str, other: str) -> Program:
    """Return one tenant's program."""
    files = {"channel.py": path.read_bytes(), "names": f"{name} {other}".encode()}
    return python(BOTH, files=files, within=cases.WITHIN)


def span(result: StepOutcome) -> tuple[float, float]:
    """Return when a tenant began and ended, by the one clock of the machine."""
    begun, ended = map(float, result.stdout.split())
    return begun, ended


async def both(sandbox: Sandbox, path: Path) -> list[StepOutcome]:
    """Run both tenants until they have lived at the same time: a container may come late."""
    one, other = NAMES
    for _ in range(TRIES):
        outcomes = await asyncio.gather(
            sandbox.run(tenant(path, one, other)), sandbox.run(tenant(path, other, one))
        )
        results = [ran(outcome) for outcome in outcomes]
        assert [b"", b""] == [result.stderr for result in results]
        (begun, ended), (begun_too, ended_too) = map(span, results)
        if min(ended, ended_too) - max(begun, begun_too) > LEAST_SECONDS:
            return results
    pytest.fail("the tenants missed each other every time")


@pytest.mark.parametrize("path", CHANNELS, ids=lambda path: path.stem)
async def test_no_channel(sandbox: Sandbox, path: Path) -> None:
    """Neither sees anything of the other while both run."""
    results = await both(sandbox, path)

    assert [0, 0] == [result.exit_code for result in results]
    await cases.check_next(sandbox)
