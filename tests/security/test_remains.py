"""The check that nothing remains sees what there is while a sandbox lives, and nothing after."""

import asyncio
import os
import subprocess
import time
from pathlib import Path

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox, open_host, skip_unless_possible
from tests.integration.executor.sandbox.programs import command
from tests.security.remains import Watch
from tests.waiting import PATIENCE

from ignis.executor.sandbox.docker.driver import DockerSandbox
from ignis.executor.sandbox.docker.owner import EXECUTOR

UID = 0x7000_0001


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        ("own", {"process"} | ({"cgroup"} if os.geteuid() == 0 else set())),
        ("ordinary", {"process", "file"}),
        ("docker", {"container", "image"}),
    ],
)
async def test_sandboxes(mode: str, kinds: set[str]) -> None:
    """An open sandbox is seen in every way, a closed one in none."""
    skip_unless_possible(mode)
    watch = Watch()
    before = await settled(watch)
    host = await open_host(mode)
    await host.run(command("true"))
    watch.note(host)
    opened = {line for line in set(watch.found()) - before if is_of(host, line)}
    await host.close()
    deadline = time.monotonic() + PATIENCE
    while (left := opened & set(watch.found())) and time.monotonic() < deadline:  # noqa: ASYNC110 - not ours
        await asyncio.sleep(0.1)

    assert kinds <= {line.partition(" ")[0] for line in opened}
    assert set() == left


async def settled(watch: Watch) -> set[str]:
    """Return what there is of the sandbox that other tests share, once it has what it wants."""
    previous: set[str] = set()
    while True:
        watch.note_children(os.getpid())
        if (found := set(watch.found())) == previous:
            return found
        previous = found
        await asyncio.sleep(0.3)


def is_of(host: Sandbox, line: str) -> bool:
    """Return whether a line is not about another docker sandbox of this process."""
    return not isinstance(host, DockerSandbox) or host._labels[EXECUTOR] in line


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("kind", ["orphan", "file", "System V"])
def test_planted(kind: str) -> None:
    """What a sandbox's user has on the host is seen, whoever left it."""
    path = Path(f"/dev/shm/ignis-planted-{os.getpid()}")
    watch = Watch()
    plant = {
        "orphan": "exec sleep 60",
        "file": f"touch {path}; exec sleep 60",
        "System V": "python3 -c 'import ctypes; print(ctypes.CDLL(None).shmget(0, 9, 512 + 384))'",
    }
    process = subprocess.Popen(
        ["setpriv", f"--reuid={UID}", "--clear-groups", "sh", "-c", plant[kind]],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        segment = process.stdout.readline() if kind == "System V" else ""
        while not any(line.startswith(kind) for line in watch.found()):
            assert process.poll() is None or kind == "System V"
    finally:
        process.kill()
        process.wait()
        path.unlink(missing_ok=True)
        if segment:
            subprocess.run(["ipcrm", "-m", segment.strip()], check=True)

    assert not any(str(path) in line or f"{UID} " in line for line in watch.found())
