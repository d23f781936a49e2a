"""The namespace driver: one fork server, and one sandbox of its pool per program."""

import asyncio
import logging
import resource
from functools import partial

from ignis.executor.models import Mount, Outcome, Program, SandboxInfo
from ignis.executor.sandbox.cancelling import outlast_cancel
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.namespace import handover
from ignis.executor.sandbox.namespace.handover import Limited
from ignis.executor.sandbox.namespace.link import Link
from ignis.executor.sandbox.namespace.pool import Made, Pool
from ignis.executor.sandbox.session import Session, SocketChannel, converse, steps_of

_log = logging.getLogger(__name__)


class NamespaceSandbox:
    """Runs programs in fresh namespaces, up to `slots` at once."""

    def __init__(self, *, slots: int, mounts: tuple[Mount, ...]) -> None:
        """Prepare for `slots` programs that all see `mounts`; `start` makes it work."""
        # One more than can run at once: what follows a job doesn't wait for the one after it.
        self._warm = slots + 1
        # Running, waiting, and being removed.
        self._places = slots + self._warm + slots
        self._mounts = mounts
        self._turns = asyncio.Semaphore(slots)
        self._pool: Pool | None = None
        self._starting = asyncio.Lock()
        self._closed = False

    async def start(self) -> None:
        """Make the first sandbox; raises SandboxError where the kernel doesn't allow it."""
        _allow_descriptors()
        try:
            await (await self._living_pool()).prove()
        except BaseException:
            await self.close()
            raise

    def info(self) -> SandboxInfo:
        """Return how the sandbox works here."""
        ready = self._pool.link.ready if self._pool else None
        return SandboxInfo(
            driver="namespace",
            weak_memory_limits=bool(ready and ready.weak_memory_limits),
            notes=ready.notes if ready else (),
        )

    async def run(self, program: Program) -> Outcome:
        """Run a program in a sandbox that nothing else has used or will use.

        Its processes are dead when this returns; the place that they ran in
        is removed in the background, and `close` waits for that. Whatever the
        program does is an outcome. Cancelling kills it at once. Raises
        SandboxError when the sandbox itself broke.
        """
        async with self._turns:
            pool = await self._living_pool()
            made = await pool.take()
            try:
                outcome = await _converse(made, program)
            except SandboxError as error:
                text = await outlast_cancel(_end(pool.link, made))
                message = f"{error}; {text}" if text else str(error)
                raise SandboxError(message) from error
            except BaseException:
                await outlast_cancel(_end(pool.link, made))
                raise
            finally:
                made.close()
            pool.link.kill(made.number)  # the runner ends by itself; this makes sure of it
            made.ended.add_done_callback(partial(_note, pool.link, made.number))
            return outcome

    async def close(self) -> None:
        """End every program, and wait until nothing is left."""
        self._closed = True
        async with self._starting:
            await self._drop_pool()

    async def _living_pool(self) -> Pool:
        """Return a living fork server's pool; one that died is replaced."""
        if self._pool and self._pool.link.alive and not self._closed:
            return self._pool
        async with self._starting:
            if self._closed:
                raise SandboxError("the sandbox is closed")
            if self._pool and not self._pool.link.alive:
                await self._drop_pool()
            if self._pool is None:
                link = await Link.launch(self._places, self._mounts)
                self._pool = Pool(link, size=self._warm, places=self._places)
            return self._pool

    async def _drop_pool(self) -> None:
        if self._pool:
            pool, self._pool = self._pool, None
            await pool.close()
            await pool.link.close()


def _allow_descriptors() -> None:
    """Allow this process more descriptors than a job.

    Those that are on their way through sockets are counted per user, whom an
    ordinary user's jobs are too: one with as many could stop all handing over.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


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
