"""An engine that can't be used is refused, with what to do about it."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.executor.sandbox import engines

from ignis.executor.sandbox import open_sandbox
from ignis.executor.sandbox.docker import runc
from ignis.executor.sandbox.docker.options import DockerOptions
from ignis.executor.sandbox.errors import SandboxError


async def test_no_engine(tmp_path: Path) -> None:
    """Without an engine the message says where it was looked for, and what to do."""
    host = f"unix://{tmp_path}/none.sock"
    with pytest.raises(SandboxError, match=r"none\.sock: start it.*DOCKER_HOST"):
        await open_sandbox("docker", slots=1, docker=DockerOptions(host=host))


async def test_ssh() -> None:
    """An engine behind ssh can't give streams: say what can."""
    with pytest.raises(SandboxError, match="use unix://, or tcp://"):
        await open_sandbox("docker", slots=1, docker=DockerOptions(host="ssh://somewhere"))


async def test_old_runc() -> None:
    """An engine whose runc lets programs out is refused, by its version."""
    engines.skip_without()
    version = runc.version_of(engines.client().version()) or ""
    if not runc.holes(version):
        pytest.skip(f"runc {version} has no known hole")
    with pytest.raises(SandboxError, match=r"runc is .*CVE-2025-31133.*IGNIS_ALLOW_OLD_RUNC=1"):
        await open_sandbox("docker", slots=1, docker=replace(engines.OPTIONS, allow_old_runc=False))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image": "no-such-image"}, "SANDBOX_IMAGE=no-such-image can't be used: pull or build"),
        ({"runtime": "no-such-runtime"}, "no-such-runtime"),
    ],
)
async def test_misconfigured(change: dict[str, str], words: str) -> None:
    """What the engine doesn't have is named."""
    engines.skip_without()
    options = DockerOptions(
        **{
            "image": engines.IMAGE,
            "host": engines.OPTIONS.host,
            "allow_old_runc": True,
            **change,  # type: ignore[arg-type]  # strings, all of them
        }
    )
    with pytest.raises(SandboxError, match=words):
        await open_sandbox("docker", slots=1, docker=options)
