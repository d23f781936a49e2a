"""Isolated places for strangers' programs. `open_sandbox` is the way in."""

# The fork server imports this package in an interpreter of its own, which
# every job is a copy of: so nothing is imported here before it is needed.
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ignis.executor.live import Live
    from ignis.executor.models import Interpreter, Mount, Outcome, Program, SandboxInfo
    from ignis.executor.sandbox.docker.options import DockerOptions
    from ignis.executor.sandbox.network.options import NetworkOptions


class Sandbox(Protocol):
    """What every driver is."""

    def info(self) -> "SandboxInfo":
        """Return how the sandbox works here."""

    async def run(self, program: "Program", live: "Live | None" = None) -> "Outcome":
        """Run a program; whatever it does is an outcome.

        Through `live` its output comes while it runs, and it can be ended: its
        outcome then has what it printed. Cancelling the task kills it at once.
        """

    async def close(self) -> None:
        """End every program, and wait until nothing is left."""


async def open_sandbox(
    driver: str = "auto",
    *,
    slots: int,
    mounts: "Sequence[Mount]" = (),
    docker: "DockerOptions | None" = None,
    interpreter: "Interpreter | None" = None,
    network: "NetworkOptions | None" = None,
) -> Sandbox:
    """Start a sandbox for up to `slots` programs at once, and prove that it works.

    `driver` is auto, namespace or docker; auto takes docker only where the
    kernel doesn't allow namespaces. `mounts` are for the namespace driver:
    docker's image has its own toolchains; so is `interpreter`, which is started
    before its programs are known. `network` says whether a program may ask for
    the network; by default none may. Raises SandboxError, with what to do
    about it, when the driver can't work here: nothing ever runs unsandboxed.
    """
    # ruff: noqa: PLC0415 - see above
    from ignis.executor.sandbox.choice import open_driver
    from ignis.executor.sandbox.docker.options import DockerOptions
    from ignis.executor.sandbox.network.options import NetworkOptions

    return await open_driver(
        driver,
        slots=slots,
        mounts=mounts,
        docker=docker or DockerOptions(),
        interpreter=interpreter,
        network=network or NetworkOptions(),
    )
