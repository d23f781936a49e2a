"""Runs each hostile program in every kind of sandbox, and checks what its head asks for."""

import contextlib
import json
import os
import platform
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import python, ran
from tests.security import cases, remains

from ignis.executor.sandbox.hidden import HIDDEN
from ignis.executor.sandbox.seccomp.denied import DENIED

pytestmark = pytest.mark.asyncio(loop_scope="session")
PROGRAMS = sorted(cases.PROGRAMS.glob("*.py"))
UNKNOWN_TO_LIBRARIES = {"listmount", "open_tree_attr", "statmount"}


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


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
async def test_contained(sandbox: Sandbox, mode: str, path: Path) -> None:
    """It ends as its head says; none of its processes remains, and the next job is right."""
    case = cases.load(path, mode)
    owner = remains.owner_of(sandbox)
    servers = remains.fork_servers(owner)
    result = ran(await sandbox.run(case.program))

    cases.check(case, result)
    assert set() == remains.at_work(sandbox)
    await cases.check_next(sandbox)
    assert servers == remains.fork_servers(owner)


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


async def test_denied_calls(sandbox: Sandbox, mode: str) -> None:
    """Every call of the deny-list is refused to a job by the kernel that is here.

    An engine's library may not know the newest calls, and lets them pass: they
    fail then for want of a capability, or of arguments.
    """
    calls = {name: getattr(call, platform.machine()) for name, call in DENIED.items()}
    code = (
        "import ctypes, json, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "for name, number in json.loads(sys.argv[1]).items():\n"
        "  result = libc.syscall(number, -1, -1, -1, -1, -1, -1)\n"
        "  if (result, ctypes.get_errno()) != (-1, 1): print(name, result, ctypes.get_errno())\n"
    )
    numbers = {name: number for name, number in calls.items() if number is not None}
    result = ran(await sandbox.run(python(code, json.dumps(numbers))))
    passed = {line.split()[0] for line in result.stdout.decode().splitlines()}

    assert (b"", 0) == (result.stderr, result.exit_code)
    assert passed <= (UNKNOWN_TO_LIBRARIES if mode == "docker" else set()), result.stdout


async def test_hidden(sandbox: Sandbox) -> None:
    """Of what describes the host in /proc a job reads nothing, and lists nothing."""
    code = (
        "import os, sys\n"
        "for name in sys.argv[1:]:\n"
        "  path = '/proc/' + name\n"
        "  try: found = os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read(1)\n"
        "  except OSError: continue\n"
        "  if found: print('ESCAPED', path, found)\n"
    )
    result = ran(await sandbox.run(python(code, *HIDDEN)))

    assert (b"", b"", 0) == (result.stdout, result.stderr, result.exit_code)
