"""How every service starts, runs and stops.

Everything opened goes on one exit stack and is closed in reverse, also when
the start fails half-way. At SIGTERM: health says NOT_SERVING, new work stops,
RPCs get their grace, then the stack closes and the process exits with 0.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeVar

import grpc.aio
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from ignis.errors import IgnisError, Unavailable
from ignis.server import http, rpcs
from ignis.server.health import Health
from ignis.server.identity import IdentityVerifier, PublicKeys
from ignis.server.interceptors import AroundEveryRpc
from ignis.server.limits import MAX_MESSAGE, MAX_METADATA
from ignis.server.logs import configure, get_logger
from ignis.server.metrics import Metrics
from ignis.server.settings import ServiceSettings, load

HEALTH_SERVICE = "grpc.health.v1.Health"

T = TypeVar("T")
SettingsT = TypeVar("SettingsT", bound=ServiceSettings)

log = get_logger()


class App:
    """A service while it is put together, and while it runs."""

    def __init__(self, room: str, settings: ServiceSettings) -> None:
        self.room = room
        self.settings = settings
        self.metrics = Metrics(room)
        self.health = Health()
        self.port = 0  # known once it listens
        self._stack = AsyncExitStack()
        self._adders: list[Callable[[grpc.aio.Server], None]] = []
        self._drains: list[Callable[[], Awaitable[object]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._verifier: IdentityVerifier | None = None
        self._stop = asyncio.Event()
        self._starting: asyncio.Task[Any] | None = None
        self._failure: str | None = None

    async def enter(self, resource: AbstractAsyncContextManager[T]) -> T:
        """Open something that is closed at the end."""
        return await self._stack.enter_async_context(resource)

    def serve(self, name: str, add: Callable[[grpc.aio.Server], None]) -> None:
        """Serve a gRPC service: its full name, and what adds its servicer."""
        self.health.serves(name)
        self._adders.append(add)

    def trust(self, keys: PublicKeys) -> None:
        """Believe identities that these keys verify."""
        self._verifier = IdentityVerifier(keys)

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run something for as long as the service runs; its failure ends the service."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._on_task_done)
        self._tasks.append(task)

    def on_drain(self, drain: Callable[[], Awaitable[object]]) -> None:
        """Await this at SIGTERM, before RPCs are cut: stop taking work."""
        self._drains.append(drain)

    def stop(self) -> None:
        """Ask the service to stop, as SIGTERM does; a start that is under way is given up."""
        self._stop.set()
        if self._starting is not None:
            self._starting.cancel()

    async def run(self, build: Callable[["App"], Awaitable[None]]) -> int:
        """Build, serve until told to stop, drain; returns the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        async with self._stack:
            try:
                server = await self._start(build)
                if server is not None:
                    self.spawn("health", self.health.watch())
                    log.info("started", port=self.port)
                    await self._stop.wait()
                    await self._shut_down(server)
            finally:
                await self._end_tasks()
        log.info("stopped", failure=self._failure)
        return 1 if self._failure else 0

    async def _start(self, build: Callable[["App"], Awaitable[None]]) -> grpc.aio.Server | None:
        """Build and listen; None when it was told to stop meanwhile."""
        self._starting = asyncio.current_task()
        try:
            await build(self)
            return await self._listen()
        except asyncio.CancelledError:
            if self._starting is None or not self._stop.is_set():
                raise
            self._starting.uncancel()
            return None
        finally:
            self._starting = None

    async def _listen(self) -> grpc.aio.Server:
        settings = self.settings
        server = grpc.aio.server(
            interceptors=(AroundEveryRpc(self.metrics, self._verifier),),
            options=(
                ("grpc.max_receive_message_length", MAX_MESSAGE),
                ("grpc.max_send_message_length", MAX_MESSAGE),
                ("grpc.max_metadata_size", MAX_METADATA),
                ("grpc.absolute_max_metadata_size", MAX_METADATA),
                ("grpc.so_reuseport", 0),  # a port that is taken is an error
            ),
        )
        for add in self._adders:
            add(server)
        health_pb2_grpc.add_HealthServicer_to_server(self.health.servicer, server)
        # The gateway sends reflection to one service, which answers for all.
        names = (*rpcs.PUBLIC_SERVICES, HEALTH_SERVICE, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        try:
            self.port = server.add_insecure_port(f"{settings.grpc_host}:{settings.grpc_port}")
        except RuntimeError as error:
            raise _port_taken("GRPC", settings.grpc_host, settings.grpc_port) from error
        await self.health.start()
        self._open_operator_port()
        await server.start()
        return server

    def _open_operator_port(self) -> None:
        host, port = self.settings.metrics_host, self.settings.metrics_port
        try:
            self._stack.enter_context(
                http.operator_port(host, port, self.metrics.render, lambda: self.health.ready)
            )
        except OSError as error:
            raise _port_taken("METRICS", host, port) from error

    async def _shut_down(self, server: grpc.aio.Server) -> None:
        await self.health.drain()
        now = asyncio.get_running_loop().time
        deadline = now() + self.settings.shutdown_grace
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.gather(*(self._drain(drain) for drain in self._drains))
        except TimeoutError:
            log.warning("the grace period ended before all work did")
        await server.stop(max(deadline - now(), 0))

    async def _drain(self, drain: Callable[[], Awaitable[object]]) -> None:
        try:
            await drain()
        except Exception as error:  # whatever it was, the others drain all the same
            self._failure = f"drain: {error!r}"
            log.exception("could not drain")

    async def _end_tasks(self) -> None:
        self._stop.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._stop.is_set():
            return
        self._failure = f"{task.get_name()}: {task.exception() or 'ended'}"
        log.error("a task that must run has ended", task=task.get_name(), exc_info=task.exception())
        self.stop()


def _port_taken(name: str, host: str, port: int) -> Unavailable:
    return Unavailable(
        "PORT_TAKEN",
        f"Can't listen on {host}:{port}; set {name}_HOST and {name}_PORT to what is free.",
    )


def run(
    room: str, settings_type: type[SettingsT], build: Callable[[App, SettingsT], Awaitable[None]]
) -> None:
    """Load settings, run a room, and end the process with its status."""
    settings = load(settings_type)
    configure(room, settings.log_level)

    async def main() -> int:
        try:
            return await App(room, settings).run(lambda app: build(app, settings))
        except IgnisError as error:
            log.error("cannot start", reason=error.reason, error=error.message)  # noqa: TRY400 - the message says it all
            return 1

    sys.exit(asyncio.run(main()))
