"""The real stack, as `make run` starts it: one for all tests, or one of a test's own."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.integration.local.harness import Stack, free_port, until

from ignis.local.leftovers import started, working_in

PATIENCE = 120.0  # seconds: the first start compiles Go's standard library


class RealStack(Stack):
    """`python -m ignis.local` in a folder, which is what `make run` executes.

    Args:
        folder: where it starts; its data is in `.ignis` there.
        port: the gateway's.
        env: more variables.
    """

    def __init__(self, folder: Path, port: int, env: Mapping[str, str]) -> None:
        self.data = folder / ".ignis"
        self._output = folder / f"output-{port}-{time.monotonic_ns()}"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ignis.local"],
                cwd=folder,
                env={"PATH": os.environ["PATH"], "PORT": str(port), **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ready(self) -> dict[str, Any]:
        """Wait until it is ready; return dev.json."""
        until(lambda: "Ignis is ready" in self.output or self.process.poll() is not None, PATIENCE)
        assert self.process.poll() is None, self.output
        return self.facts()

    def remains(self) -> list[int]:
        """Processes that still run of this stack: recorded ones, and those in its folders."""
        folders = [self.data.parent, self.data / "postgres/data", self.data / "nats"]
        recorded = [pid for pid in self.pids().values() if started(pid) is not None]
        return recorded + [pid for folder in folders for pid in working_in(folder)]


@contextmanager
def own_stack(
    folder: Path, port: int = 0, env: Mapping[str, str] | None = None
) -> Iterator[RealStack]:
    """A stack that is ended when the test is over."""
    running = RealStack(folder, port or free_port(), env or {})
    try:
        yield running
    finally:
        running.end()


@contextmanager
def shared_stack(folder: Path) -> Iterator[Path]:
    """The stack that all workers of a test run share; yields its data folder.

    The first who comes starts it, the last who goes stops it and removes its data.

    Args:
        folder: one that all workers know, and nobody else.
    """
    with _locked(folder) as state:
        if not state.users:
            state.home, state.pid = _start()
        state.users += 1
    try:
        yield Path(state.home) / ".ignis"
    finally:
        with _locked(folder) as state:
            state.users -= 1
            if not state.users:
                _stop(state)


@dataclass(slots=True)
class _State:
    """What the workers of a test run know of their stack."""

    users: int = 0
    home: str = ""
    pid: int = 0


def _start() -> tuple[str, int]:
    home = tempfile.mkdtemp(prefix="ignis-e2e-")
    running = RealStack(Path(home), free_port(), {})
    try:
        running.ready()
    except BaseException:
        running.end()
        raise
    return home, running.process.pid


def _stop(state: _State) -> None:
    os.kill(state.pid, signal.SIGINT)
    until(lambda: started(state.pid) is None, PATIENCE)
    shutil.rmtree(state.home)


@contextmanager
def _locked(folder: Path) -> Iterator[_State]:
    """Read and write the state while nobody else does."""
    file = folder / "e2e-stack.json"
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = _State(**json.loads(file.read_text("ascii"))) if file.exists() else _State()
        yield state
        file.write_text(json.dumps(asdict(state)), "ascii")
