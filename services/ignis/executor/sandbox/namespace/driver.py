"""The namespace driver: one fork server, and one sandbox of its pool per program."""

import asyncio
import logging
from functools import partial

from ignis.executor.models import Mount, Outcome, Program, SandboxInfo
from ignis.executor.sandbox.cancelling import outlast_cancel
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.namespace import handover
from ignis.executor.sandbox.namespace.handover import Limited
from ignis.executor.sandbox.namespace.link import Link
from ignis.executor.sandbox.namespace.pool import Made
from ignis.executor.sandbox.namespace.pools import Pools
from ignis.executor.sandbox.network.options import NetworkOptions
from ignis.executor.sandbox.session import Session, SocketChannel, converse, steps_of

_log = logging.getLogger(__name__)
_NO_NETWORK = NetworkOptions()


class NamespaceSandbox:
    """Runs programs in fresh namespaces, up to `slots` at once."""

    def __init__(
        self,
        *,
        slots: int,
        mounts: tuple[Mount, ...],
        network: NetworkOptions = _NO_NETWORK,
    ) -> None:
        """Prepare for `slots` programs that all see `mounts`; `start` makes it work."""
        self._slots = slots
        self._mounts = mounts
        self._network = network
        self._turns = asyncio.Semaphore(slots)
        self._pools: Pools | None = None
        self._starting = asyncio.Lock()
        self._closed = False

    async def start(self) -> None:
        """Make the first sandbox; raises SandboxError where the kernel doesn't allow it."""
        try:
            await (await self._living_pools()).prove()
        except BaseException:
            await self.close()
            raise

    def info(self) -> SandboxInfo:
        """Return how the sandbox works here."""
        ready = self._pools.link.ready if self._pools else None
        return SandboxInfo(
            driver="namespace",
            weak_memory_limits=bool(ready and ready.weak_memory_limits),
            notes=ready.notes if ready else (),
            network=self._network.enabled,
        )

    async def run(self, program: Program) -> Outcome:
        """Run a program in a sandbox that nothing else has used or will use.

        Its processes are dead when this returns; the place that they ran in
        is removed in the background, and `close` waits for that. Whatever the
        program does is an outcome. Cancelling kills it at once. Raises
        SandboxError when the sandbox itself broke.
        """
        async with self._turns:
            pools = await self._living_pools()
            made = await pools.take(program)
            try:
                outcome = await _converse(made, program)
            except SandboxError as error:
                text = await outlast_cancel(_end(pools.link, made))
                message = f"{error}; {text}" if text else str(error)
                raise SandboxError(message) from error
            except BaseException:
                await outlast_cancel(_end(pools.link, made))
                raise
            finally:
                made.close()
            pools.link.kill(made.number)  # the runner ends by itself; this makes sure of it
            made.ended.add_done_callback(partial(_note, pools.link, made.number))
            return outcome

    async def close(self) -> None:
        """End every program, and wait until nothing is left."""
        self._closed = True
        async with self._starting:
            await self._drop_pools()

    async def _living_pools(self) -> Pools:
        """Return a living fork server's pools; one that died is replaced."""
        if self._pools and self._pools.link.alive and not self._closed:
            return self._pools
        async with self._starting:
            if self._closed:
                raise SandboxError("the sandbox is closed")
            if self._pools and not self._pools.link.alive:
                await self._drop_pools()
            if self._pools is None:
                self._pools = await Pools.open(self._slots, self._mounts, self._network)
            return self._pools

    async def _drop_pools(self) -> None:
        if self._pools:
            pools, self._pools = self._pools, None
            await pools.close()


async def _converse(made: Made, program: Program) -> Outcome:
    limits = [step.limits for step in steps_of(program)]
    limited = tuple(Limited(one.memory_kb, one.processes) for one in limits)
    try:
        handover.limit(made.handles, max(one.file_bytes for one in limits), limited)
    except OSError as error:
        message = f"the limits could not be set: {error}"
        raise SandboxError(message) from error
    return await converse(Session(SocketChannel(made.channel)), program)


async def _end(link: Link, made: Made) -> str:
    """Kill what still lives of a sandbox, and return what it did wrong, if anything."""
    link.kill(made.number)
    return await made.ended


def _note(link: Link, number: int, ended: "asyncio.Future[str]") -> None:
    if ended.result() and link.alive:
        _log.warning("sandbox %d: %s", number, ended.result())
