"""Containers that do something for those of the jobs, and see none of their bytes."""

from collections.abc import Mapping, Sequence
from typing import Any

import docker

from ignis.executor.sandbox.docker.engine import Engine
from ignis.executor.sandbox.errors import SandboxError

_MEMORY = 128 << 20  # bytes
_PROCESSES = 16


def helper(
    client: docker.APIClient,
    image: str,
    command: Sequence[str],
    network: str,
    capabilities: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the arguments of `create_container` for a helper in some container's network."""
    return {
        "image": image,
        "entrypoint": list(command),
        "user": "0:0",
        "working_dir": "/",
        "environment": {},
        "stdin_open": True,
        "healthcheck": {"test": ["NONE"]},
        "host_config": client.create_host_config(
            network_mode=network,
            read_only=True,
            cap_drop=["ALL"],
            cap_add=list(capabilities),
            security_opt=["no-new-privileges:true"],
            pids_limit=_PROCESSES,
            mem_limit=_MEMORY,
            memswap_limit=_MEMORY,
            # On the host's network it is no other user, wherever containers have their own.
            userns_mode="host" if network == "host" else None,
        ),
    }


async def run_once(engine: Engine, wanted: dict[str, Any], labels: Mapping[str, str]) -> None:
    """Run a helper to its end; raises SandboxError, with what it said, when it fails."""
    container = await engine.create(wanted, labels)
    try:
        await engine.start(container)
        ended = await engine.call(engine.client.wait, container)
        if ended["StatusCode"]:
            said = await engine.call(engine.client.logs, container)
            raise SandboxError(said.decode(errors="replace").strip() or f"it ended with {ended}")
    finally:
        await engine.remove(container)
