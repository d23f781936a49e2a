"""The namespace driver: one fork server, and one sandbox of it per program."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ignis.executor.models import Mount, Outcome, Program, SandboxInfo
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.namespace.link import Link
from ignis.executor.sandbox.namespace.requests import Group
from ignis.executor.sandbox.session import Session

# What a runner may take on top of its steps' limits before it counts as broken.
_SPARE_SECONDS = 20.0


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
            with ours, theirs:
                steps = [step for step in (program.compile, program.run) if step]
                groups = tuple(Group(s.limits.memory_kb, s.limits.processes) for s in steps)
                file_bytes = max(step.limits.file_bytes for step in steps)
                job, ended = await link.start(theirs, slot, file_bytes, groups)
                theirs.close()
                try:
                    return await _converse(ours, program)
                finally:
                    link.kill(job)
                    await _outlast_cancel(ended)

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


async def _converse(channel: socket.socket, program: Program) -> Outcome:
    steps = [step for step in (program.compile, program.run) if step]
    allowed = sum(step.limits.wall_time_ms for step in steps) / 1e3 + _SPARE_SECONDS
    try:
        async with asyncio.timeout(allowed):
            return await Session(channel).run(program)
    except TimeoutError as error:
        message = f"the runner did not answer within {allowed:.0f} s"
        raise SandboxError(message) from error


async def _outlast_cancel(ended: "asyncio.Future[str]") -> None:
    """Wait for the end of a sandbox; a cancellation meanwhile is obeyed afterwards."""
    cancelled: asyncio.CancelledError | None = None
    while not ended.done():
        try:
            await asyncio.shield(ended)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled
