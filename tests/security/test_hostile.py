"""Runs each hostile program, as root's job and as an ordinary user's, and checks its verdict."""

import contextlib
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import SLOWER, command, limits, python, ran

from ignis.executor.models import Limit, Program, ProgramFile, Step

pytestmark = pytest.mark.asyncio(loop_scope="module")
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.*"))
WITHIN = limits(cpu_time_ms=1500 * SLOWER, memory_kb=96 * 1024, processes=40)


@contextlib.contextmanager
def host_services() -> Iterator[tuple[int, str, list[bytes]]]:
    """Listen on the host's loopback and on an abstract socket; yields what came in."""
    heard: list[bytes] = []
    name = f"\0ignis-canary-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as local:
        local.bind(name)
        local.listen()

        def listen(server: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while True:
                    heard.append(server.accept()[0].recv(100))

        threads = [threading.Thread(target=listen, args=(server,)) for server in (tcp, local)]
        for thread in threads:
            thread.start()
        yield tcp.getsockname()[1], name, heard
        for server in (tcp, local):
            server.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def load(path: Path, mode: str) -> tuple[Program, str]:
    """Return a program, and the word behind `Must:` in its head; DRIVER tells it where it is."""
    text = path.read_text()
    found = re.search(r"Must: (\w+)", text)
    assert found is not None, "a hostile program says what must happen"
    driver = "docker" if mode == "docker" else "namespace"
    # On a busy machine all containers together weigh as much as one other process.
    within = replace(WITHIN, wall_time_ms=60_000) if found[1] == Limit.CPU_TIME else WITHIN
    return python(text, within=within, env={"DRIVER": driver}), found[1]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
async def test_contained(sandbox: Sandbox, mode: str, path: Path) -> None:
    """The program ends as its head says, and the next job is right."""
    program, must = load(path, mode)
    result = ran(await sandbox.run(program))

    said = result.stdout.decode(errors="replace") + result.stderr.decode(errors="replace")
    if must == "files" and mode == "docker":
        # Several file systems: the runner adds them up, and ends what has too much.
        assert "ESCAPED" not in said
        assert signal.SIGXFSZ == result.signal or Limit.MEMORY is result.limit
    elif must in {"contained", "files"}:
        assert ("contained\n", 0) == (said, result.exit_code)
    elif must == "end":
        assert "ESCAPED" not in said
    else:
        assert Limit(must) is result.limit, said
    assert b"next\n" == ran(await sandbox.run(command("echo", "next"))).stdout


async def test_host_services(sandbox: Sandbox) -> None:
    """A job reaches no listener of the host, neither on loopback nor on an abstract socket."""
    with host_services() as (port, name, heard):
        code = (
            "import socket, sys\n"
            "for family, address in ((socket.AF_INET, ('127.0.0.1', int(sys.argv[1]))),\n"
            "                        (socket.AF_UNIX, '\\0' + sys.argv[2])):\n"
            "  try: s = socket.socket(family); s.connect(address); s.send(b'x'); print('ESCAPED')\n"
            "  except OSError as e: print(e.errno)\n"
        )
        result = ran(await sandbox.run(python(code, str(port), name[1:])))

    assert b"111\n111\n" == result.stdout
    assert [] == heard


async def test_our_environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the executor's environment is anywhere that a job can read."""
    monkeypatch.setenv("IGNIS_CANARY_SECRET", "canary")
    code = (
        "import glob, os\nfound = 'CANARY' in str(os.environ)\n"
        "for p in glob.glob('/proc/*/environ') + glob.glob('/proc/*/cmdline'):\n"
        "  try: found |= b'CANARY' in open(p, 'rb').read()\n"
        "  except OSError: pass\nprint(found)"
    )
    result = ran(await sandbox.run(python(code)))

    assert b"False\n" == result.stdout


async def test_host_file(sandbox: Sandbox, tmp_path: Path) -> None:
    """A file of the host is out of reach by every name it could have."""
    canary = tmp_path / "canary"
    canary.write_text("canary")
    canary.chmod(0o644)
    code = (
        "import sys\n"
        "for root in ('', '/proc/1/root', '/proc/self/root', '/box/../../..', '/proc/1/cwd'):\n"
        "  try: print('ESCAPED', open(root + sys.argv[1]).read())\n"
        "  except OSError: pass\nprint('contained')"
    )
    result = ran(await sandbox.run(python(code, str(canary))))

    assert b"contained\n" == result.stdout


async def test_hostile_compile_step(sandbox: Sandbox, tmp_path: Path) -> None:
    """What a compile step plants in the work folder leads the host nowhere."""
    canary = tmp_path / "canary"
    canary.write_text("safe")
    plant = (
        f"rm -f main.py; ln -s {canary} main.py; ln -s {canary} stdout; mkfifo fifo; "
        "ln -s / root; ln -s /proc/1/fd fds; mkdir 0; chmod 0 0; mknod device c 1 5 || true"
    )
    program = Program(
        files=(ProgramFile("main.py", b"print('x')"),),
        compile=Step(("sh", "-c", plant), {}, WITHIN),
        run=Step(("./fifo",), {}, WITHIN),
    )
    result = ran(await sandbox.run(program))

    assert (None, None) == (result.exit_code, result.signal)
    assert "safe" == canary.read_text()
