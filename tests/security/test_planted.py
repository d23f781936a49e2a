"""A compile step plants something at a path that is opened again later, with a canary outside."""

from pathlib import Path

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import ran
from tests.security import cases

from ignis.executor.commands import ARTEFACT
from ignis.executor.models import Outcome, Program, ProgramFile, Step

pytestmark = pytest.mark.asyncio(loop_scope="session")
SECRET = "what no job may see"
# What stands at the path afterwards; {canary} is a file of the host.
PLANTS = {
    "link": "ln -s {canary} {path}",
    "link to a folder": "ln -s / {path}",
    "link to itself": "ln -s {path} {path}",
    "link to shadow": "ln -s /etc/shadow {path}",
    "link to the runner": "ln -s /proc/1/mem {path}",
    "link to stdout": "ln -s /proc/self/fd/1 {path}",
    "hard link": "ln {canary} {path} || ln /bin/sh {path} || touch {path}",
    "pipe": "mkfifo {path}",
    "folder": "mkdir {path}; chmod 0 {path}",
    "device": "mknod {path} c 1 5 || ln -s /dev/zero {path}",
    "socket": "python3 -c 'import socket; socket.socket(1).bind(\"{path}\")'",
    "sparse file": "truncate -s 60M {path}; chmod 755 {path}",
    "mount": "mount --bind / {path} || touch {path}",
    "secret file": "echo x > {path}; chmod 0 {path}",
}
PATHS = (ARTEFACT, "/box/main.py", "/tmp/main.py", "/dev/shm/.program")


@pytest.fixture(name="canary")
def canary_fixture(tmp_path: Path) -> Path:
    """A file of the host that everybody may read and write."""
    path = tmp_path / "canary"
    path.write_text(SECRET)
    path.chmod(0o666)
    return path


def program(plant: str) -> Program:
    """Return a program that plants, and then runs the artefact as any compiled language does."""
    return Program(
        files=(ProgramFile("main.py", b"print('x')"),),
        compile=Step(("sh", "-c", f"{plant}; exit 0"), {}, cases.WITHIN),
        run=Step((ARTEFACT,), {}, cases.WITHIN),
    )


def said(outcome: Outcome) -> bytes:
    """Return everything that both steps printed."""
    results = [result for result in (outcome.compile, outcome.run) if result]
    return b"".join(result.stdout + result.stderr for result in results)


@pytest.mark.parametrize("plant", PLANTS)
async def test_planted(sandbox: Sandbox, canary: Path, plant: str) -> None:
    """Whatever stands there leads nowhere outside, and holds nobody up."""
    script = "; ".join(
        f"rm -rf {path}; {PLANTS[plant].format(path=path, canary=canary)}" for path in PATHS
    )
    outcome = await sandbox.run(program(script))

    assert SECRET.encode() not in said(outcome)
    assert SECRET == canary.read_text()  # noqa: ASYNC240 - a few bytes
    assert outcome.run is None or ran(outcome).exit_code != 0
    await cases.check_next(sandbox)


async def test_folder_replaced(sandbox: Sandbox) -> None:
    """Nor does the work folder itself, emptied, moved away or closed to everybody."""
    script = "rm -rf /box/*; mv /box /tmp/box; rmdir /box; ln -s / /box; chmod 0 /box"
    outcome = await sandbox.run(program(script))

    assert outcome.run is None or ran(outcome).exit_code != 0
    await cases.check_next(sandbox)
