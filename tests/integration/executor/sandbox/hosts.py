"""The sandboxes that tests run in: our own user's, an ordinary user's, and docker's."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from tests.integration.executor.sandbox import engines
from tests.integration.executor.sandbox.ordinary import PYTHON, OrdinarySandbox

from ignis.executor.live import Live
from ignis.executor.models import Interpreter, Mount, Outcome, Program
from ignis.executor.runner.place import BASE_ENV
from ignis.executor.sandbox import open_sandbox
from ignis.executor.sandbox.network.options import NetworkOptions

SLOTS = 4
MODES = ("own", "ordinary", "docker")


class Sandbox(Protocol):
    """What tests need of a sandbox."""

    async def run(self, program: Program, live: Live | None = None) -> Outcome:
        """Run a program."""

    async def close(self) -> None:
        """End it."""


def skip_unless_possible(mode: str) -> None:
    """Skip what this user or machine can't show."""
    if mode == "ordinary" and os.geteuid() != 0:
        pytest.skip("we are an ordinary user: the other mode has shown it")
    if mode == "ordinary" and not Path(PYTHON).exists():
        pytest.skip(f"no {PYTHON}, which an ordinary user could start")
    if mode == "docker":
        engines.skip_without()


def find_interpreter() -> Interpreter:
    """Return the interpreter that `programs.python` uses."""
    path = BASE_ENV["PATH"]
    program = shutil.which("python3", path=path) or "python3"
    said = subprocess.run((program, "--version"), capture_output=True, check=True)
    return Interpreter(("python3", "main.py"), {}, path, said.stdout.split()[1].decode())


INTERPRETER = find_interpreter()


async def open_host(
    mode: str,
    mounts: tuple[Mount, ...] = (),
    interpreter: Interpreter | None = INTERPRETER,
    network: NetworkOptions | None = None,
) -> Sandbox:
    """Open a sandbox in a mode."""
    if mode == "ordinary":
        return await OrdinarySandbox.open(SLOTS, mounts, interpreter, network)
    if mode == "docker":
        options = engines.OPTIONS
        return await open_sandbox("docker", slots=SLOTS, docker=options, network=network)
    return await open_sandbox(
        "namespace", slots=SLOTS, mounts=mounts, interpreter=interpreter, network=network
    )


@pytest.fixture(name="mode", scope="module", params=MODES)
def mode_fixture(request: pytest.FixtureRequest) -> str:
    """Whose sandbox it is."""
    mode: str = request.param
    skip_unless_possible(mode)
    return mode


@pytest_asyncio.fixture(name="sandbox", scope="module", loop_scope="module")
async def sandbox_fixture(mode: str) -> AsyncIterator[Sandbox]:
    """A sandbox that a module's tests share."""
    host = await open_host(mode)
    yield host
    await host.close()


@pytest.fixture(name="sharp", scope="module")
def sharp_fixture(mode: str) -> bool:
    """Whether a cgroup enforces memory and processes here: ours must, as root or if given one."""
    given = "IGNIS_TEST_DELEGATED" in os.environ
    return mode == "own" and (given or os.geteuid() == 0) and sys.platform == "linux"
