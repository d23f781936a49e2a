"""A Valkey that a test may stop and start again, on the same port."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.integration.restartable import PASSWORD, Restartable

from ignis.local import binaries, valkey
from ignis.local.ports import Ports
from ignis.local.supervisor import Supervisor
from ignis.local.valkey import Valkey


@asynccontextmanager
async def valkey_server(folder: Path) -> AsyncIterator[Restartable]:
    """A running Valkey server."""
    with Ports() as ports:
        port, supervisor = ports.take(), Supervisor(folder)
        variables = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
        launcher = Valkey(binaries.find().valkey, folder / "valkey", variables)
        server = Restartable(
            supervisor,
            valkey.url(port, PASSWORD),
            lambda: launcher.start(supervisor, port, PASSWORD),
        )
        await server.start()
        try:
            yield server
        finally:
            await supervisor.stop()
