"""The check that nothing remains sees what there is while a sandbox lives, and nothing after."""

import os
import subprocess
from pathlib import Path

import pytest
from tests.integration.executor.sandbox.hosts import open_host, skip_unless_possible
from tests.integration.executor.sandbox.programs import command
from tests.security.remains import Watch

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
    host = await open_host(mode)
    await host.run(command("true"))
    watch.note(host)
    seen = {line.partition(" ")[0] for line in watch.found()}
    await host.close()

    assert kinds <= seen
    assert [] == await watch.until_nothing()


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
