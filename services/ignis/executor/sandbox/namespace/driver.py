"""The namespace driver: one fork server, and one sandbox of its pool per program."""

import asyncio
import logging
import resource
import time
from functools import partial

from ignis.executor.live import Live
from ignis.executor.models import Interpreter, Mount, Outcome, Program, SandboxInfo
from ignis.executor.sandbox.cancelling import outlast_cancel
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.namespace import handover
from ignis.executor.sandbox.namespace.handover import Limited
from ignis.executor.sandbox.namespace.link import Link
from ignis.executor.sandbox.namespace.pool import Made
from ignis.executor.sandbox.namespace.servers import Servers
from ignis.executor.sandbox.network.options import NetworkOptions
from ignis.executor.sandbox.remains import remains
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
        interpreter: Interpreter | None = None,
        network: NetworkOptions = _NO_NETWORK,
    ) -> None:
        """Prepare for `slots` programs that all see `mounts`; `start` makes it work.

        Programs of `interpreter` are run by copies of it that have already started.
        """
        self._servers = Servers(
            slots=slots, mounts=mounts, interpreter=interpreter, network=network
        )
        self._network = network
        self._turns = asyncio.Semaphore(slots)

    async def start(self) -> None:
        """Make the first sandbox; raises SandboxError where the kernel doesn't allow it."""
        _allow_descriptors()
        try:
            await self._servers.start()
        except BaseException:
            await self.close()
            raise

    def info(self) -> SandboxInfo:
        """Return how the sandbox works here."""
        ready = self._servers.link.ready if self._servers.link else None
        return SandboxInfo(
            driver="namespace",
            weak_memory_limits=bool(ready and ready.weak_memory_limits),
            notes=(*self._servers.notes, *(ready.notes if ready else ())),
            network=self._network.enabled,
        )

    async def run(self, program: Program, live: Live | None = None) -> Outcome:
        """Run a program in a sandbox that nothing else has used or will use.

        Its processes are dead when this returns; the place that they ran in
        is removed in the background, and `close` waits for that. Whatever the
        program does is an outcome, also that `live` cancelled it. Cancelling
        the task kills it at once. Raises SandboxError when the sandbox itself
        broke.
        """
        live = live or Live()
        async with self._turns, self._servers.lease() as pool:
            made = await pool.take(program)
            session, begun = Session(SocketChannel(made.channel), program, live), time.monotonic()
            try:
                _limit(made, program)
                outcome = await converse(session, program, live)
            except SandboxError as error:
                text = await outlast_cancel(_end(pool.link, made))
                if live.cancelled:
                    return remains(program, session.heard, (time.monotonic() - begun) * 1e3)
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
        await self._servers.close()


def _allow_descriptors() -> None:
    """Allow this process more descriptors than a job.

    Those that are on their way through sockets are counted per user, whom an
    ordinary user's jobs are too: one with as many could stop all handing over.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _limit(made: Made, program: Program) -> None:
    limits = [step.limits for step in steps_of(program)]
    limited = tuple(Limited(one.memory_kb, one.processes) for one in limits)
    try:
        handover.limit(made.handles, max(one.file_bytes for one in limits), limited)
    except OSError as error:
        message = f"the limits could not be set: {error}"
        raise SandboxError(message) from error


async def _end(link: Link, made: Made) -> str:
    """Kill what still lives of a sandbox, and return what it did wrong, if anything."""
    link.kill(made.number)
    return await made.ended


def _note(link: Link, number: int, ended: "asyncio.Future[str]") -> None:
    if ended.result() and link.alive:
        _log.warning("sandbox %d: %s", number, ended.result())
