"""What an engine is like: whether it can be trusted, and what it can't do."""

import secrets
from typing import Any

from ignis.executor.models import Limits, Program, SandboxInfo, Step
from ignis.executor.sandbox.docker import runc
from ignis.executor.sandbox.docker.engine import Engine
from ignis.executor.sandbox.docker.image import image_ids
from ignis.executor.sandbox.docker.options import DockerOptions
from ignis.executor.sandbox.errors import SandboxError

# Users of the engine's host that stand behind jobs, each container's its own: the
# kernel counts some things per user, whatever container that user is in.
_UIDS_FROM = 0x7100_0000
_UIDS_REMAPPED_FROM = 20_000  # where only 65536 ids exist
_UIDS_REMAPPED_TO = 60_000
_BLOCKS = 4096
PROOF = Program(
    files=(),
    run=Step(("true",), {}, Limits(10_000, 10_000, 65_536, 8, 1024, 1024 * 1024)),
)


async def check(engine: Engine, options: DockerOptions) -> SandboxInfo:
    """Return how the sandbox will work.

    Raises:
        SandboxError: its runc is known to let containers out, or it has no
            seccomp, or none of the images.
    """
    about: dict[str, Any] = await engine.call(engine.client.info)
    runtime = options.runtime or about.get("DefaultRuntime", "runc")
    if runtime == "runc" and not options.allow_old_runc:
        refuse_holes(runc.version_of(await engine.version()) or "an unknown version")
    notes = []
    if not about.get("MemoryLimit"):
        notes.append("memory limits are weaker here: the engine can't limit memory")
    if not any("seccomp" in option for option in about.get("SecurityOptions") or ()):
        raise SandboxError("this Docker Engine has no seccomp: Ignis doesn't run programs without")
    images = await image_ids(engine, options.names)
    return SandboxInfo("docker", weak_memory_limits=bool(notes), notes=tuple(notes), images=images)


def refuse_holes(version: str) -> None:
    """Raise SandboxError when programs are known to get out of this runc."""
    found = runc.holes(version)
    if found:
        message = (
            f"the Docker Engine's runc is {version}, which containers can escape from ({found}): "
            "take 1.2.8, 1.3.3, 1.4.0 or newer, choose another SANDBOX_RUNTIME, or set "
            "IGNIS_ALLOW_OLD_RUNC=1 where no stranger's code runs"
        )
        raise SandboxError(message)


async def first_uid(engine: Engine, count: int) -> int:
    """Return the first of `count` users that hardly any other executor has."""
    about: dict[str, Any] = await engine.call(engine.client.info)
    options = " ".join(about.get("SecurityOptions") or ())
    if "name=userns" in options or "name=rootless" in options:
        blocks = (_UIDS_REMAPPED_TO - _UIDS_REMAPPED_FROM) // count
        return _UIDS_REMAPPED_FROM + secrets.randbelow(max(blocks, 1)) * count
    return _UIDS_FROM + secrets.randbelow(_BLOCKS) * count
