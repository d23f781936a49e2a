"""The sandboxes of one fork server: those without a network, and those with one."""

import socket

from ignis.executor.models import Interpreter, Mount, Program
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.namespace.link import Link
from ignis.executor.sandbox.namespace.pool import Made, Pool
from ignis.executor.sandbox.namespace.uplinks import Tools, Uplinks, nameserver
from ignis.executor.sandbox.network.options import NetworkOptions

# Programs with a network wait for others anyway, and each of these sandboxes has a
# process of its own beside it.
_CONNECTED_WAITING = 1


class Pools:
    """One pool for programs without a network, and one for those with it where it is allowed."""

    def __init__(self, link: Link, uplinks: Uplinks | None, *, slots: int, places: range) -> None:
        """Begin to make sandboxes, which `places` are for; `launch` gives what it takes."""
        self.link = link
        plain, connected = places[: _most(slots, slots + 1)], places[_most(slots, slots + 1) :]
        # One more than can run at once: what follows a job doesn't wait for the one after it.
        self._plain = Pool(link, size=slots + 1, places=plain)
        self._uplinks = uplinks
        self._connected: Pool | None = None
        if uplinks:
            self._connected = Pool(uplinks, size=_CONNECTED_WAITING, places=connected)

    async def prove(self) -> None:
        """Wait for the first sandbox of each kind; raises SandboxError."""
        await self._plain.prove()
        if self._connected:
            await self._connected.prove()

    async def take(self, program: Program) -> Made:
        """Return a sandbox for a program; the caller closes it. Raises SandboxError."""
        if not program.network:
            return await self._plain.take()
        if self._uplinks is None or self._connected is None:
            raise SandboxError("programs have no network here: the operator has it off")
        # One that waited may have lost its network, or the machine may have new addresses.
        for _ in range(_CONNECTED_WAITING + 1):
            made = await self._connected.take()
            if self._uplinks.works(made.number):
                return made
            made.close()
        raise SandboxError("the network of a sandbox ends as soon as it is made")

    async def close(self) -> None:
        """End every sandbox, and wait until nothing is left."""
        await self._plain.close()
        if self._uplinks and self._connected:
            await self._connected.close()
            self._uplinks.close()
        await self.link.close()


def places(slots: int, options: NetworkOptions) -> int:
    """Return how many sandboxes of one fork server there are at most."""
    connected = _most(slots, _CONNECTED_WAITING) if options.enabled else 0
    return _most(slots, slots + 1) + connected


async def launch(
    most: int,
    mounts: tuple[Mount, ...],
    interpreter: Interpreter | None,
    options: NetworkOptions,
) -> tuple[Link, Uplinks | None]:
    """Start a fork server for `most` places, and a keeper of networks where there may be any.

    Raises:
        SandboxError: the kernel doesn't allow it.
        NetworkError: what a network needs is missing, or its filter doesn't hold.
    """
    if not options.enabled:
        return await Link.launch(most, mounts, interpreter), None
    tools = Tools()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    uplinks = Uplinks(ours, options, tools)
    try:
        with theirs:
            resolver = str(nameserver(options))
            link = await Link.launch(most, mounts, interpreter, theirs, resolver)
    except BaseException:
        uplinks.close()
        raise
    uplinks.use(link)
    try:
        await uplinks.prove()
    except BaseException:
        uplinks.close()
        await link.close()
        raise
    return link, uplinks


def _most(slots: int, waiting: int) -> int:
    """Return how many sandboxes run, wait, and are being removed at most."""
    return slots + waiting + slots
