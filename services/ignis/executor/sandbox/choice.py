"""Picks the driver that IGNIS_SANDBOX asks for."""

from collections.abc import Sequence

from ignis.executor.models import Mount
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.namespace.driver import NamespaceSandbox


async def open_driver(driver: str, *, slots: int, mounts: Sequence[Mount]) -> NamespaceSandbox:
    """Return the driver, started; raises SandboxError where there is none."""
    if driver == "docker":
        raise SandboxError(
            "IGNIS_SANDBOX=docker: this version has no docker driver yet; use namespace or auto"
        )
    if driver not in {"auto", "namespace"}:
        message = f"IGNIS_SANDBOX={driver}: must be auto, namespace or docker"
        raise SandboxError(message)
    if slots < 1:
        message = f"a sandbox needs at least one slot, not {slots}"
        raise SandboxError(message)
    sandbox = NamespaceSandbox(slots=slots, mounts=tuple(mounts))
    await sandbox.start()
    return sandbox
