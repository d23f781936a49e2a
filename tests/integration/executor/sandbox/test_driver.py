"""The namespace driver says how it works, and shows what it is given."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.executor.sandbox.hosts import open_host, skip_unless_possible
from tests.integration.executor.sandbox.ordinary import OrdinarySandbox
from tests.integration.executor.sandbox.programs import command, ran

from ignis.executor.models import Mount
from ignis.executor.sandbox import open_sandbox
from ignis.executor.sandbox.errors import SandboxError


@pytest.fixture(name="public_path")
def public_path_fixture() -> Iterator[Path]:
    """A folder that every user can read, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


@pytest.mark.parametrize("mode", ["own", "ordinary"])
async def test_mounts(mode: str, public_path: Path) -> None:
    """A mount is at its target, read-only, without devices or setuid."""
    skip_unless_possible(mode)
    (public_path / "file").write_text("from outside\n")
    host = await open_host(mode, (Mount(public_path, Path("/opt/deep/shown")),))
    script = "cat /opt/deep/shown/file; touch /opt/deep/shown/x; grep /opt/deep /proc/self/mounts"
    result = ran(await host.run(command("sh", "-c", script)))
    await host.close()

    assert result.stdout.startswith(b"from outside\n")
    assert b"Read-only file system" in result.stderr
    assert b" ro,nosuid,nodev" in result.stdout


async def test_info() -> None:
    """The info names the driver; as root or if given one, memory limits are a cgroup's."""
    host = await open_sandbox("namespace", slots=1)
    info = host.info()
    await host.close()

    assert "namespace" == info.driver
    assert bool(info.notes) == info.weak_memory_limits
    sharp = os.geteuid() == 0 or "IGNIS_TEST_DELEGATED" in os.environ
    assert not (sharp and info.weak_memory_limits), info.notes


async def test_weak_info() -> None:
    """An ordinary user is told that memory limits are weaker, and why."""
    skip_unless_possible("ordinary")
    host = await OrdinarySandbox.open(1)
    info = await host.info()
    await host.close()

    assert info.weak_memory_limits
    assert "cgroups can't be written" in info.notes[0]


async def test_missing_mount() -> None:
    """A mount whose source doesn't exist is named when the sandbox is opened."""
    with pytest.raises(SandboxError, match="/no/such/folder"):
        await open_sandbox(slots=1, mounts=(Mount(Path("/no/such/folder"), Path("/x")),))
