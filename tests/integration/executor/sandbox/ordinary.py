"""A sandbox owned by another process, that of an ordinary user, for tests that run as root.

As a script it is that process: it takes pickled requests on stdin, and answers on stdout.
"""

import asyncio
import itertools
import os
import pickle
import shutil
import struct
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ignis.executor.live import Live
from ignis.executor.models import Interpreter, Mount, Outcome, Output, Program, SandboxInfo
from ignis.executor.sandbox import open_sandbox
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.network.options import NetworkOptions

UID = 65533
PYTHON = "/usr/bin/python3"
_LENGTH = struct.Struct("!I")
_NEEDED = (
    *("__init__.py", "executor/__init__.py", "executor/models.py", "executor/live.py"),
    *("server/__init__.py", "server/addresses.py"),
)


class OrdinarySandbox:
    """Looks like a sandbox; the real one is in a process of uid UID."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._folder = folder
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._lives: dict[int, Live] = {}
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def open(
        cls,
        slots: int,
        mounts: tuple[Mount, ...] = (),
        interpreter: Interpreter | None = None,
        network: NetworkOptions | None = None,
    ) -> "OrdinarySandbox":
        """Start the process, from a copy of the package that its user can read."""
        folder = copy_package()
        process = await asyncio.create_subprocess_exec(
            *("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"),
            *(PYTHON, "-B", str(folder / "ordinary.py")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={
                "PYTHONPATH": str(folder),
                "PATH": os.defpath,
                "IGNIS_CANARY": os.environ.get("IGNIS_CANARY", ""),
            },
        )
        sandbox = cls(process, folder)
        await sandbox._ask(("open", (slots, mounts, interpreter, network)))
        return sandbox

    async def run(self, program: Program, live: Live | None = None) -> Outcome:
        """Run a program; cancelling is passed on and waited for, and so is what `live` says."""
        live = live or Live()
        number = next(self._numbers)
        self._lives[number] = live
        # A callback stays on this side: what it is to be told comes with the outcome.
        request = ("run", replace(program, kept=None))
        task = asyncio.ensure_future(self._ask(request, number))
        await asyncio.sleep(0)  # it is asked for before it can be ended
        try:
            with live.ended_by(lambda: self._write((number, ("end", None)))):
                outcome, kept = await asyncio.shield(task)
        except asyncio.CancelledError:
            self._write((number, ("cancel", None)))
            await asyncio.wait([task])
            raise
        finally:
            del self._lives[number]
        if kept and program.kept:
            program.kept(*kept)
        told: Outcome = outcome
        return told

    async def info(self) -> SandboxInfo:
        """Return the real sandbox's info."""
        info: SandboxInfo = await self._ask(("info", None))
        return info

    async def close(self) -> None:
        """End the process and remove the copy."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await asyncio.wait([self._listener])
        shutil.rmtree(self._folder)

    async def _ask(self, request: tuple[str, Any], number: int | None = None) -> Any:  # noqa: ANN401 - whatever was pickled
        if self._listener.done():
            raise SandboxError("the ordinary user's process died")
        number = next(self._numbers) if number is None else number
        waiting = self._answers[number] = asyncio.get_running_loop().create_future()
        self._write((number, request))
        answer = await waiting
        del self._answers[number]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _write(self, message: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(_frame(message))

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        while (message := await _receive(self._process.stdout)) is not None:
            number, answer = message
            if isinstance(answer, Output):
                self._lives[number].on_output(answer)
            elif number in self._answers:
                self._answers[number].set_result(answer)
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_result(SandboxError("the ordinary user's process died"))


def copy_package() -> Path:
    """Copy what a sandbox needs to a folder that everybody can read."""
    package = Path(__file__).parents[4] / "services" / "ignis"
    folder = Path(tempfile.mkdtemp(prefix="ignis-ordinary-"))
    target = folder / "ignis"
    for name in _NEEDED:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(package / name, target / name)
    for name in ("runner", "sandbox"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(package / "executor" / name, target / "executor" / name, ignore=ignored)
    shutil.copy(__file__, folder / "ordinary.py")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _frame(message: object) -> bytes:
    data = pickle.dumps(message)
    return _LENGTH.pack(len(data)) + data


async def _receive(stream: asyncio.StreamReader) -> Any:  # noqa: ANN401 - whatever was pickled
    try:
        (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
        return pickle.loads(await stream.readexactly(length))
    except asyncio.IncompleteReadError:
        return None


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    stream = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), sys.stdin)
    _, (_, (slots, mounts, interpreter, network)) = await _receive(stream)
    try:
        sandbox = await open_sandbox(
            "namespace", slots=slots, mounts=mounts, interpreter=interpreter, network=network
        )
    except SandboxError as error:
        _answer(0, error)
        return
    _answer(0, None)
    tasks: dict[int, asyncio.Task[None]] = {}

    lives: dict[int, Live] = {}

    async def run(number: int, program: Program) -> None:
        lives[number] = Live(partial(_answer, number))
        kept: list[object] = []
        listening = replace(program, kept=lambda *told: kept.extend(told))
        try:
            _answer(number, (await sandbox.run(listening, lives[number]), kept))
        except (SandboxError, asyncio.CancelledError) as error:
            _answer(number, error)

    while (message := await _receive(stream)) is not None:
        number, (verb, value) = message
        if verb == "run":
            tasks[number] = asyncio.create_task(run(number, value))
        elif verb == "cancel":
            tasks[number].cancel()
        elif verb == "end":
            await asyncio.sleep(0)
            lives[number].cancel()
        else:
            _answer(number, sandbox.info())
    await sandbox.close()


def _answer(number: int, value: object) -> None:
    sys.stdout.buffer.write(_frame((number, value)))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    # Unpickling looks for the module by the name that it has in the tests.
    asyncio.run(_serve())
