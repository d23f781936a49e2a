"""What the executor announces, and when it refuses to start."""

from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs
from tests.unit.executor.factories import GOOD, Sandbox, step, toolchain

from ignis.errors import Unavailable
from ignis.executor import wiring
from ignis.executor.models import Outcome, SandboxInfo
from ignis.executor.sandbox.namespace.driver import NamespaceSandbox
from ignis.executor.settings import ExecutorSettings
from ignis.server.settings import load

INFO = SandboxInfo(
    "namespace",
    weak_memory_limits=True,
    notes=("memory limits are weaker here",),
    network=True,
)


class Informed(Sandbox):
    """A sandbox that says what it is."""

    def info(self) -> SandboxInfo:
        """What it is."""
        return INFO

    async def close(self) -> None:
        """End it."""


@pytest.fixture(name="settings")
def settings_fixture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ExecutorSettings:
    """Settings with a data folder of the test's."""
    monkeypatch.setenv("EXECUTOR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("EXECUTOR_POOL", "gpu")
    monkeypatch.setenv("EXECUTOR_SLOTS", "3")
    monkeypatch.setenv("EXECUTOR_ADDRESS", "host:1")
    return load(ExecutorSettings)


def test_an_executor_is_described(settings: ExecutorSettings, tmp_path: Path) -> None:
    """Pool, address, places, sandbox and languages are told; ids are never the same."""
    offered = {"python": toolchain(tmp_path)}
    one, other = (wiring.description(settings, INFO, offered) for _ in range(2))

    assert ("gpu", "host:1", 3, "namespace", True, True) == (
        one.pool,
        one.address,
        one.capacity,
        one.sandbox,
        one.weak_memory_limits,
        one.network,
    )
    assert [("python", "3.11.2", ["py", "python3"])] == [
        (language.id, language.version, list(language.aliases)) for language in one.languages
    ]
    assert one.id != other.id


async def test_weak_limits_are_warned_of(
    settings: ExecutorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a sandbox can't do here stands in the log once, when it is opened."""
    opened = Informed(GOOD)

    async def open_sandbox(*_: object, **__: object) -> Informed:
        return opened

    monkeypatch.setattr(wiring, "open_sandbox", open_sandbox)
    with capture_logs() as logs:
        async with wiring.sandbox(settings, {}) as used:
            assert INFO is used.info()

    assert [("warning", "namespace", INFO.notes[0])] == [
        (line["log_level"], line["sandbox"], line["reason"]) for line in logs
    ]


async def proven(settings: ExecutorSettings, outcome: Outcome) -> list[str]:
    """The languages that are proven when every program ends this way."""
    opened = cast("NamespaceSandbox", Informed(outcome))
    found = {"python": toolchain(Path("/bin/sh"))}
    executor, passing = await wiring.proven(settings, opened, found)
    assert executor.running == 0
    return list(passing)


async def test_only_what_passes_is_offered(settings: ExecutorSettings) -> None:
    """A language that passes its self-test is offered."""
    good = Outcome(compile=None, run=step(stdout=b"Hello, World!\n"))

    assert await proven(settings, good) == ["python"]


async def test_without_a_language_it_refuses(settings: ExecutorSettings) -> None:
    """An executor in which nothing works says so, instead of taking jobs."""
    with pytest.raises(Unavailable) as caught:
        await proven(settings, GOOD)

    assert caught.value.reason == "NO_LANGUAGE"
