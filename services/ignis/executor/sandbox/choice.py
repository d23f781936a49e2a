"""Picks the driver that IGNIS_SANDBOX asks for."""

import logging
from collections.abc import Sequence

from ignis.executor.models import Interpreter, Mount
from ignis.executor.sandbox import Sandbox
from ignis.executor.sandbox.docker.options import DockerOptions
from ignis.executor.sandbox.errors import NetworkError, SandboxError
from ignis.executor.sandbox.namespace.driver import NamespaceSandbox
from ignis.executor.sandbox.network.options import NetworkOptions

_log = logging.getLogger(__name__)


async def open_driver(
    driver: str,
    *,
    slots: int,
    mounts: Sequence[Mount],
    docker: DockerOptions,
    interpreter: Interpreter | None,
    network: NetworkOptions,
) -> Sandbox:
    """Return the driver, started; raises SandboxError where there is none."""
    if driver not in {"auto", "namespace", "docker"}:
        message = f"IGNIS_SANDBOX={driver}: must be auto, namespace or docker"
        raise SandboxError(message)
    if slots < 1:
        message = f"a sandbox needs at least one slot, not {slots}"
        raise SandboxError(message)
    if driver == "docker":
        return await _open_docker(slots, docker, network)
    try:
        return await _open_namespace(slots, mounts, interpreter, network)
    except NetworkError:
        raise  # namespaces work: what the network lacks is for the operator to decide
    except SandboxError as error:
        if driver == "namespace":
            raise
        return await _open_instead(slots, docker, network, error)


async def _open_namespace(
    slots: int, mounts: Sequence[Mount], interpreter: Interpreter | None, network: NetworkOptions
) -> NamespaceSandbox:
    sandbox = NamespaceSandbox(
        slots=slots, mounts=tuple(mounts), interpreter=interpreter, network=network
    )
    try:
        await sandbox.start()
    except BaseException:
        await sandbox.close()
        raise
    return sandbox


async def _open_docker(slots: int, options: DockerOptions, network: NetworkOptions) -> Sandbox:
    # The client of the engine is imported only where it is asked for.
    from ignis.executor.sandbox.docker.driver import DockerSandbox  # noqa: PLC0415 - see above

    return await DockerSandbox.open(slots=slots, options=options, network=network)


async def _open_instead(
    slots: int, options: DockerOptions, network: NetworkOptions, why: SandboxError
) -> Sandbox:
    try:
        sandbox = await _open_docker(slots, options, network)
    except SandboxError as error:
        raise SandboxError(f"{why}; and docker can't take its place: {error}") from error
    _log.warning("programs run in docker: %s", why)
    return sandbox
