"""Isolated places for strangers' programs. `open_sandbox` is the way in."""

# The fork server imports this package in an interpreter of its own, which
# every job is a copy of: so nothing is imported here before it is needed.
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ignis.executor.models import Mount
    from ignis.executor.sandbox.namespace.driver import NamespaceSandbox


async def open_sandbox(
    driver: str = "auto", *, slots: int, mounts: "Sequence[Mount]" = ()
) -> "NamespaceSandbox":
    """Start a sandbox for up to `slots` programs at once, and prove that it works.

    `driver` is auto, namespace or docker. Raises SandboxError, with what to do
    about it, when the driver can't work here: nothing ever runs unsandboxed.
    """
    from ignis.executor.sandbox.choice import open_driver  # noqa: PLC0415 - see above

    return await open_driver(driver, slots=slots, mounts=mounts)
