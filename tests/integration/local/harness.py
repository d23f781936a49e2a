"""Runs a stack of stand-ins as a process, the way `make run` runs the real one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ignis.local.errors import StackError
from ignis.local.leftovers import started
from ignis.local.lock import locked
from ignis.local.ports import Ports

STACK = Path(__file__).with_name("standin_stack.py")
_SURROUNDINGS = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
SERVERS = {"postgres", "nats", "valkey", "envoy"}
SERVICES = {"auth", "job", "executor", "webhook"}


def until(condition: Callable[[], bool], patience: float = 30) -> None:
    """Wait for a condition, at most so many seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def free_port() -> int:
    """A port for the gateway."""
    with Ports() as ports:
        return ports.take()


class Stack:
    """A stack that runs in a folder.

    Args:
        folder: where it starts; its data is in `.ignis` there.
        port: the gateway's.
        arguments: for standin_stack.py.
        env: more variables.
    """

    def __init__(
        self, folder: Path, port: int, arguments: tuple[str, ...], env: Mapping[str, str]
    ) -> None:
        self.data = folder / ".ignis"
        self._output = folder / f"output-{port}-{time.monotonic_ns()}"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(STACK), *arguments],
                cwd=folder,
                env={**_SURROUNDINGS, "PORT": str(port), **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has shown so far."""
        return self._output.read_text(encoding="utf-8")

    def complaint(self) -> str:
        """Wait until it ends with 1; return the one line that says why."""
        assert self.process.wait(30) == 1, self.output
        lines = [line for line in self.output.splitlines() if line.startswith("ignis: ")]
        assert len(lines) == 1, self.output
        assert "Traceback" not in self.output
        return lines[0]

    def ready(self) -> dict[str, Any]:
        """Wait until it is ready; return dev.json."""
        until(lambda: "Ignis is ready" in self.output or self.process.poll() is not None)
        assert self.process.poll() is None, self.output
        return self.facts()

    def facts(self) -> dict[str, Any]:
        """dev.json as it is now."""
        facts: dict[str, Any] = json.loads((self.data / "dev.json").read_text(encoding="utf-8"))
        return facts

    def pids(self) -> dict[str, int]:
        """Every process of the stack by name."""
        records = (self.data / "run").glob("*.json")
        return {path.stem: json.loads(path.read_text("ascii"))[0] for path in records}

    def interrupt(self) -> None:
        """Press Ctrl-C: the terminal tells the whole process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def stop(self) -> int:
        """Press Ctrl-C and wait; return the exit status."""
        self.interrupt()
        return self.process.wait(30)

    def end(self) -> None:
        """Leave nothing running, whatever the test did."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        # Unless another stack of the test has the folder, what is recorded there is this one's.
        with suppress(StackError), locked(self.data):
            for record in (self.data / "run").glob("*.json"):
                pid, moment, _ = json.loads(record.read_text("ascii"))
                if started(pid) == moment:
                    os.kill(pid, signal.SIGKILL)


@contextmanager
def stack(
    folder: Path, *arguments: str, port: int = 0, env: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """A stack that is ended when the test is over."""
    running = Stack(folder, port or free_port(), arguments, env or {})
    try:
        yield running
    finally:
        running.end()


def gone(pids: dict[str, int]) -> bool:
    """Whether none of these processes runs any more."""
    return all(started(pid) is None for pid in pids.values())
