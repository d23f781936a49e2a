"""The docker driver: one container per program, made before the program arrives."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from ignis.executor.live import Live
from ignis.executor.models import Limit, Outcome, Program, SandboxInfo
from ignis.executor.sandbox.cancelling import outlast_cancel
from ignis.executor.sandbox.docker import facts, owner, spec
from ignis.executor.sandbox.docker.bridge import Bridge
from ignis.executor.sandbox.docker.engine import Engine
from ignis.executor.sandbox.docker.image import derive, tag
from ignis.executor.sandbox.docker.options import DockerOptions
from ignis.executor.sandbox.docker.pool import Container, Pool
from ignis.executor.sandbox.docker.spec import Size
from ignis.executor.sandbox.docker.sweep import remove_image, sweep, until_none
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.network.options import NetworkOptions
from ignis.executor.sandbox.remains import remains
from ignis.executor.sandbox.session import Session, converse

_log = logging.getLogger(__name__)
_THREADS_PER_SLOT = 4
_UIDS_PER_SLOT = 3  # a container that runs, and those that are being removed
# Programs with a network wait for others anyway.
_CONNECTED_WAITING = 1
_NO_NETWORK = NetworkOptions()


class DockerSandbox:
    """Runs programs in single-use containers, up to `slots` at once."""

    def __init__(
        self, engine: Engine, options: DockerOptions, network: NetworkOptions, slots: int
    ) -> None:
        """Use `engine`; `open` makes drivers that work."""
        self._engine = engine
        self._options = options
        self._network = network
        self._bridge: Bridge | None = None
        self._labels = owner.labels()
        self._size = Size(options.memory_kb, options.processes, options.file_bytes)
        self._slots = asyncio.Semaphore(slots)
        self._images: dict[str, str] = {}  # derived from the operator's, by their names
        self._pools: dict[str, Pool] = {}  # by derived image
        self._connected: dict[str, Pool] = {}  # the same, of containers with a network
        self._bases = 0  # images that others may have been derived from
        self._uids: asyncio.Queue[int] = asyncio.Queue()
        self._running: dict[str, Container] = {}
        self._removals: set[asyncio.Task[None]] = set()
        self._info = SandboxInfo(driver="docker", weak_memory_limits=False)
        self._closed = False

    @classmethod
    async def open(
        cls, *, slots: int, options: DockerOptions, network: NetworkOptions = _NO_NETWORK
    ) -> "DockerSandbox":
        """Connect, remove what dead executors left, derive the image, fill the pool.

        Raises:
            SandboxError: it can't work; the text says what to do.
        """
        engine = await Engine.connect(options, threads=_THREADS_PER_SLOT * slots)
        sandbox = cls(engine, options, network, slots)
        try:
            await sandbox._start(slots)
        except BaseException:
            await outlast_cancel(sandbox.close())
            raise
        return sandbox

    def info(self) -> SandboxInfo:
        """Return how the sandbox works here."""
        return self._info

    async def run(self, program: Program, live: Live | None = None) -> Outcome:
        """Run a program in a container of its own, which is removed in the background.

        Whatever the program does is an outcome, also that `live` cancelled it.
        Cancelling the task kills it at once. Raises SandboxError when the
        sandbox itself broke.
        """
        live = live or Live()
        image = self._images.get(program.image or next(iter(self._images), ""))
        if image is None:
            raise SandboxError(f"the image {program.image} isn't there, or the sandbox is closed")
        async with self._slots, self._container(image, program) as container:
            session, begun = Session(container.stream, program, live), time.monotonic()
            try:
                return await converse(session, program, live)
            except SandboxError as error:
                if self._closed:
                    raise SandboxError("the sandbox was closed") from error
                wall_ms = (time.monotonic() - begun) * 1e3
                if live.cancelled:
                    await outlast_cancel(self._engine.kill(container.id))
                    return remains(program, session.heard, wall_ms)
                if await self._engine.ran_out_of_memory(container.id):
                    return remains(program, session.heard, wall_ms, Limit.MEMORY)
                said = container.stream.stderr.decode(errors="replace").strip()
                raise SandboxError(f"{error} {said}".rstrip()) from error
            except BaseException:
                await outlast_cancel(self._engine.kill(container.id))
                raise

    async def close(self) -> None:
        """End every program, and wait until nothing is left; an engine that is gone is logged."""
        self._closed = True
        try:
            pools = (*self._pools.values(), *self._connected.values())
            await asyncio.gather(*(pool.drain() for pool in pools))
            for container in list(self._running.values()):
                self._later(self._remove(container))
            while self._removals:
                await asyncio.wait(self._removals)
            if self._bridge:
                await self._bridge.close()
            if self._pools:
                await until_none(self._engine, self._labels)
            for number in range(self._bases):
                await remove_image(self._engine, tag(self._labels, number))
        except SandboxError as error:
            _log.warning("the docker sandbox could not clear up: %s", error)
        finally:
            await self._engine.close()

    async def _start(self, slots: int) -> None:
        self._info = await facts.check(self._engine, self._options)
        await sweep(self._engine)
        bases = {image: name for name, image in self._info.images.items()}
        self._bases = len(bases)
        waiting = 1 + _CONNECTED_WAITING * self._network.enabled  # of each image
        count = slots * (_UIDS_PER_SLOT + waiting * len(bases))
        first = await facts.first_uid(self._engine, count)
        uids = range(first, first + count)
        for uid in uids:
            self._uids.put_nowait(uid)
        derived = await asyncio.gather(
            *(self._derive(name, number, uids) for number, name in enumerate(bases.values())),
            return_exceptions=True,
        )
        self._keep_warm(slots, dict(zip(bases, derived, strict=True)))
        if self._network.enabled:
            await self._connect()
        await self.run(facts.PROOF)

    async def _derive(self, base: str, number: int, uids: range) -> str:
        return await derive(self._engine, base, number, uids, self._labels)

    def _keep_warm(self, slots: int, derived: Mapping[str, str | BaseException]) -> None:
        """Make a pool for each image that works; raises what is wrong when none does."""
        least = slots if len(derived) == 1 else 1
        for name, base in self._info.images.items():
            image = derived[base]
            if isinstance(image, BaseException):
                _log.warning("an image can't be used: %s", image)
                continue
            self._images[name] = image
            if image not in self._pools:
                make = partial(self._make, image, self._size)
                self._pools[image] = Pool(slots, make, self._remove, least)
        for failure in derived.values():
            if isinstance(failure, BaseException) and not self._pools:
                raise failure
        self._info = replace(
            self._info, images={name: self._info.images[name] for name in self._images}
        )

    async def _connect(self) -> None:
        """Make the network and pools of containers that have it; raises when it isn't safe."""
        first = next(iter(self._pools))
        self._bridge = await Bridge.open(
            self._engine, self._options, tuple(self._pools), self._labels, self._network
        )
        for image in self._pools:
            make = partial(self._make, image, self._size, self._bridge)
            self._connected[image] = Pool(_CONNECTED_WAITING, make, self._remove)
        self._info = replace(self._info, network=True)
        container = await self._connected[first].take()
        try:
            await self._bridge.prove(container)
        finally:
            await self._remove(container)

    def _pool(self, image: str, program: Program) -> Pool:
        return (self._connected if program.network else self._pools)[image]

    @asynccontextmanager
    async def _container(self, image: str, program: Program) -> AsyncIterator[Container]:
        needs = spec.size_of(program)
        container = await self._take(image, needs, program)
        self._running[container.id] = container
        try:
            if needs.memory_kb != self._size.memory_kb:
                await self._engine.set_memory(container.id, spec.memory_bytes(needs.memory_kb))
            yield container
        finally:
            del self._running[container.id]
            self._pool(image, program).fill()
            self._later(self._remove(container))

    async def _take(self, image: str, needs: Size, program: Program) -> Container:
        """Return a container that waits, or a new one for what is larger than those."""
        if self._closed:
            raise SandboxError("the sandbox is closed")
        if program.network and self._bridge is None:
            raise SandboxError("programs have no network here: the operator has it off")
        if self._size.holds(needs):
            taking = self._take_connected(image) if program.network else self._pools[image].take()
            return await taking
        bridge = self._bridge if program.network else None
        making = asyncio.create_task(self._make(image, needs, bridge))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            self._later(self._remove_made(making))
            raise

    async def _take_connected(self, image: str) -> Container:
        """Return a container whose filter knows the host's addresses as they are now."""
        while True:
            container = await self._connected[image].take()
            try:
                if self._bridge and container.own == await self._bridge.own():
                    return container
            except BaseException:
                self._later(self._remove(container))
                raise
            self._later(self._remove(container))

    async def _make(self, image: str, size: Size, bridge: Bridge | None = None) -> Container:
        """Make a container, and wait until its runner waits. Never cancelled half-way."""
        uid = await self._uids.get()
        attached = bridge.attached if bridge else None
        try:
            wanted = spec.container(self._engine.client, self._options, image, size, uid, attached)
            made = await self._engine.create(wanted, self._labels)
        except BaseException:
            self._uids.put_nowait(uid)
            raise
        stream = None
        try:
            stream = await self._engine.attach(made)
            await self._engine.start(made)
            await stream.ready()
            own = await bridge.protect(made) if bridge else None
        except BaseException:
            await self._end(made, uid)
            if stream:
                await stream.close()
            raise
        return Container(made, uid, stream, own)

    async def _remove(self, container: Container) -> None:
        await self._end(container.id, container.uid)
        await container.stream.close()

    async def _remove_made(self, making: asyncio.Task[Container]) -> None:
        await self._remove(await making)

    async def _end(self, container: str, uid: int) -> None:
        try:
            await self._engine.remove(container)
        finally:
            self._uids.put_nowait(uid)

    def _later(self, removal: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(removal)
        self._removals.add(task)
        task.add_done_callback(self._removed)

    def _removed(self, task: asyncio.Task[None]) -> None:
        self._removals.discard(task)
        if not task.cancelled() and task.exception():
            _log.warning("a container could not be removed: %s", task.exception())
