"""The namespace driver: one fork server, and one sandbox of it per program."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ignis.executor.models import Mount, Outcome, Program, SandboxInfo
from ignis.executor.sandbox.cancelling import outlast_cancel
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.namespace.link import Link
from ignis.executor.sandbox.namespace.requests import Group
from ignis.executor.sandbox.session import Session, SocketChannel, converse, steps_of

_log = logging.getLogger(__name__)


class NamespaceSandbox:
    """Runs programs in fresh namespaces, up to `slots` at once."""

    def __init__(self, *, slots: int, mounts: tuple[Mount, ...]) -> None:
        """Prepare for `slots` programs that all see `mounts`; `start` makes it work."""
        self._slots = slots
        self._mounts = mounts
        self._free: asyncio.LifoQueue[int] = asyncio.LifoQueue()
        for slot in reversed(range(slots)):
            self._free.put_nowait(slot)
        self._link: Link | None = None
        self._starting = asyncio.Lock()
        self._closed = False

    async def start(self) -> None:
        """Start the fork server; raises SandboxError where the kernel doesn't allow it."""
        await self._living_link()

    def info(self) -> SandboxInfo:
        """Return how the sandbox works here."""
        ready = self._link.ready if self._link else None
        return SandboxInfo(
            driver="namespace",
            weak_memory_limits=bool(ready and ready.weak_memory_limits),
            notes=ready.notes if ready else (),
        )

    async def run(self, program: Program) -> Outcome:
        """Run a program in a sandbox of its own; nothing of it is left when this returns.

        Whatever the program does is an outcome. Cancelling kills it at once.
        Raises SandboxError when the sandbox itself broke.
        """
        async with self._slot() as slot:
            link = await self._living_link()
            ours, theirs = socket.socketpair()
            with ours:
                with theirs:
                    job, ended = await link.start(theirs, slot, *_needs(program))
                try:
                    outcome = await converse(Session(SocketChannel(ours)), program)
                except SandboxError as error:
                    text = await outlast_cancel(_end(link, job, ended))
                    message = f"{error}; {text}" if text else str(error)
                    raise SandboxError(message) from error
                except BaseException:
                    await outlast_cancel(_end(link, job, ended))
                    raise
                left = await outlast_cancel(_end(link, job, ended))
            if left:
                _log.warning("sandbox of job %d: %s", job, left)
            return outcome

    async def close(self) -> None:
        """End every program, and wait until nothing is left."""
        self._closed = True
        async with self._starting:
            if self._link:
                await self._link.close()

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[int]:
        slot = await self._free.get()
        try:
            yield slot
        finally:
            self._free.put_nowait(slot)

    async def _living_link(self) -> Link:
        """Return the fork server's link; one that died is replaced."""
        async with self._starting:
            if self._closed:
                raise SandboxError("the sandbox is closed")
            if self._link and not self._link.alive:
                await self._link.close()
                self._link = None
            if self._link is None:
                self._link = await Link.launch(self._slots, self._mounts)
            return self._link


def _needs(program: Program) -> tuple[int, tuple[Group, ...]]:
    """Return the bytes that all files may have, and each step's cgroup."""
    limits = [step.limits for step in steps_of(program)]
    groups = tuple(Group(one.memory_kb, one.processes) for one in limits)
    return max(one.file_bytes for one in limits), groups


async def _end(link: Link, job: int, ended: "asyncio.Future[str]") -> str:
    """Kill what still lives of a job, and return what its sandbox did wrong, if anything."""
    if not ended.done():
        await link.kill(job)
    return await ended
