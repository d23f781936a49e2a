"""Caches are filled once, before and beside the jobs."""

import asyncio
from pathlib import Path

import pytest
from tests.unit.executor.factories import LANGUAGES
from tests.unit.executor.test_toolchains import install
from tests.waiting import until

from ignis.executor import warmth
from ignis.executor.models import Mount
from ignis.executor.toolchains import Toolchain

CALLS = 'echo "$@" >> "$GOCACHE/calls"'


def go(root: Path, script: str = CALLS) -> Toolchain:
    """A toolchain whose `go` is a script, with a cache."""
    folder = install(root / "go", script, "go")
    cache = Mount(root / "cache", Path("/opt/ignis/caches/go"))
    cache.source.mkdir(exist_ok=True)
    path = f"{folder}:/usr/bin:/bin"
    return Toolchain(LANGUAGES["go"], "1", folder / "go", path, (), cache)


def calls(root: Path) -> list[str]:
    """What the script was called with."""
    file = root / "cache" / "calls"
    return file.read_text().splitlines() if file.exists() else []


async def test_the_first_program_is_compiled_once(tmp_path: Path) -> None:
    """An empty cache is filled with what the self-test needs; a filled one is left alone."""
    toolchain = go(tmp_path)
    await warmth.first(toolchain)
    await warmth.first(toolchain)

    [call] = calls(tmp_path)
    assert call.startswith("build -o /")
    assert call.endswith("/main.go")


async def test_a_compiler_that_fails_is_told(tmp_path: Path) -> None:
    """What went wrong is raised to whoever starts the executor."""
    with pytest.raises(OSError, match="broken"):
        await warmth.first(go(tmp_path, "echo broken; exit 1"))


async def test_the_rest_is_filled_once(tmp_path: Path) -> None:
    """The language file's own command runs once; a stamp says that it has."""
    toolchain = go(tmp_path)
    await warmth.full(toolchain)
    await warmth.full(toolchain)

    assert calls(tmp_path) == ["build std"]


async def test_a_failure_leaves_the_cache_cold(tmp_path: Path) -> None:
    """A failed filling harms nothing, and is tried again at the next start."""
    await warmth.full(go(tmp_path, "exit 1"))
    await warmth.full(go(tmp_path))

    assert calls(tmp_path) == ["build std"]


async def test_the_task_stays(tmp_path: Path) -> None:
    """After all caches are full the task goes on: a service's tasks never end."""
    task = asyncio.create_task(warmth.all_full({"go": go(tmp_path)}))
    await until((tmp_path / "cache" / warmth.STAMP).exists)
    await asyncio.sleep(0)

    assert not task.done()
    task.cancel()
