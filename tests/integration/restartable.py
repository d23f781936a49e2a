"""Servers that a test may stop and start again, on the same port and with the same data."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ignis.local import binaries, nats
from ignis.local.nats import Nats
from ignis.local.ports import Ports
from ignis.local.postgres import Database, Postgres
from ignis.local.process import Process
from ignis.local.supervisor import Supervisor

PASSWORD = "a-test-password"


class Restartable:
    """One server, at one address for as long as the test runs."""

    def __init__(
        self, supervisor: Supervisor, url: str, start: Callable[[], Awaitable[Process]]
    ) -> None:
        self.url = url
        self._supervisor = supervisor
        self._start = start
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = await self._start()

    async def stop(self) -> None:
        """Stop it, and wait until it has ended."""
        if self._process is not None:
            await self._supervisor.end(self._process)
            self._process = None


@asynccontextmanager
async def nats_server(folder: Path) -> AsyncIterator[Restartable]:
    """A running NATS server with its streams in `folder`."""
    with Ports() as ports:
        port, supervisor = ports.take(), Supervisor(folder)
        launcher = Nats(binaries.find().nats, folder / "nats", _env())
        server = Restartable(
            supervisor,
            nats.url(port, PASSWORD),
            lambda: launcher.start(supervisor, port, PASSWORD),
        )
        await server.start()
        try:
            yield server
        finally:
            await supervisor.stop()


@asynccontextmanager
async def postgres_server(folder: Path) -> AsyncIterator[tuple[Restartable, Database]]:
    """A running PostgreSQL with its data in `folder`."""
    with Ports() as ports:
        supervisor = Supervisor(folder)
        database = Database("127.0.0.1", ports.take(), "ignis", "ignis", PASSWORD)
        launcher = Postgres(binaries.find().postgres, folder / "pg", _env(), ("fsync=off",))
        server = Restartable(supervisor, database.url, lambda: launcher.start(supervisor, database))
        await server.start()
        try:
            yield server, database
        finally:
            await supervisor.stop()


def _env() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TZ": "UTC"}
