"""Keeps a fork server with its pool, and replaces one that died or has served long enough."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ignis.executor.models import Interpreter, Mount
from ignis.executor.sandbox.errors import NetworkError, SandboxError
from ignis.executor.sandbox.namespace import pools
from ignis.executor.sandbox.namespace.link import Link
from ignis.executor.sandbox.namespace.pools import Pools
from ignis.executor.sandbox.namespace.uplinks import Uplinks
from ignis.executor.sandbox.network.options import NetworkOptions

_log = logging.getLogger(__name__)
# Copies of one interpreter share the secret of its hashes: not for ever.
RENEW_SECONDS = 600.0


class Servers:
    """The pool that programs get their sandboxes from, and those that still have some running."""

    def __init__(
        self,
        *,
        slots: int,
        mounts: tuple[Mount, ...],
        interpreter: Interpreter | None,
        network: NetworkOptions,
    ) -> None:
        """Prepare for `slots` programs at once; nothing is started yet."""
        self._slots = slots
        self._network = network
        self._places = pools.places(slots, network)
        self._mounts = mounts
        self._interpreter = interpreter
        self._pool: Pools | None = None
        self._leases: dict[Pools, int] = {}  # how many programs have a sandbox of it
        self._born = 0.0
        self._generation = 0
        self._changing = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._closed = False
        self.notes: tuple[str, ...] = ()

    @property
    def link(self) -> Link | None:
        """The present fork server, once there is one."""
        return self._pool.link if self._pool else None

    async def start(self) -> None:
        """Make the first sandbox; raises SandboxError where the kernel doesn't allow it."""
        await (await self._living()).prove()

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Pools]:
        """Give the pool of a living fork server, which stays while it is held."""
        pool = await self._living()
        self._leases[pool] += 1
        try:
            yield pool
        finally:
            self._leases[pool] -= 1
            self._retire_if_idle(pool)

    async def close(self) -> None:
        """End every fork server, and wait until nothing is left."""
        self._closed = True
        if self._renewal:
            self._renewal.cancel()
            await asyncio.wait([self._renewal])
        async with self._changing:
            await asyncio.gather(*(pool.close() for pool in self._leases), *self._retiring)
            self._pool = None

    async def _living(self) -> Pools:
        """Return the present pool; that of a fork server that died is replaced first."""
        if self._pool and self._pool.link.alive and not self._closed:
            self._renew_if_old()
            return self._pool
        async with self._changing:
            if self._closed:
                raise SandboxError("the sandbox is closed")
            if self._pool and not self._pool.link.alive:
                self._let_go()
            return self._pool or await self._replace()

    def _renew_if_old(self) -> None:
        age = asyncio.get_running_loop().time() - self._born
        busy = len(self._leases) > 1 or (self._renewal and not self._renewal.done())
        if self._interpreter and age > RENEW_SECONDS and not busy:
            self._renewal = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        async with self._changing:
            self._born = asyncio.get_running_loop().time()  # a failure is not repeated at once
            try:
                await self._replace()
            except SandboxError as error:
                _log.warning("the fork server was not renewed: %s", error)

    async def _replace(self) -> Pools:
        link, uplinks = await self._launch()
        # Two servers may live at once, and no two sandboxes share a place.
        first = self._generation % 2 * self._places
        self._generation += 1
        places = range(first, first + self._places)
        old = self._pool
        self._pool = Pools(link, uplinks, slots=self._slots, places=places)
        self._leases[self._pool] = 0
        self._born = asyncio.get_running_loop().time()
        if old:
            self._retire_if_idle(old)
        return self._pool

    def _let_go(self) -> None:
        old, self._pool = self._pool, None
        if old:
            self._retire_if_idle(old)

    def _retire_if_idle(self, pool: Pools) -> None:
        """End a fork server that no program needs any more."""
        if pool is self._pool or self._leases.get(pool) != 0 or self._closed:
            return
        del self._leases[pool]
        task = asyncio.create_task(pool.close())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _launch(self) -> tuple[Link, Uplinks | None]:
        most = 2 * self._places
        if self._interpreter:
            try:
                return await pools.launch(most, self._mounts, self._interpreter, self._network)
            except NetworkError:
                raise
            except SandboxError as error:
                if self._pool:
                    raise  # the present one goes on, and a later renewal tries again
                command = " ".join(self._interpreter.argv)
                note = f"{command} is started anew for each job: {error}"
                _log.warning(note)
                if not self._generation:  # it can't be started ahead here
                    self._interpreter, self.notes = None, (note,)
        return await pools.launch(most, self._mounts, None, self._network)
