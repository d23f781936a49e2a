"""The webhook service as a process of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.integration import restartable
from tests.servers import Server
from tests.waiting import until

from ignis.local.ports import Ports
from ignis.local.postgres import Database


@dataclass(frozen=True, slots=True)
class Running:
    """A running service."""

    process: asyncio.subprocess.Process
    health: str  # the URL
    metrics: str  # the URL


@asynccontextmanager
async def service(database: Database, nats_url: str) -> AsyncIterator[Running]:
    """Run `python -m ignis.webhook`; it is killed at the end if it still runs."""
    with Ports() as ports:
        port = ports.take()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ignis.webhook",
            stderr=asyncio.subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "DB_HOST": database.host,
                "DB_PORT": str(database.port),
                "DB_DATABASE": database.database,
                "DB_USERNAME": database.username,
                "DB_PASSWORD": database.password,
                "DB_SCHEMA": "test_process",
                "NATS_URL": nats_url,
                "GRPC_HOST": "127.0.0.1",
                "GRPC_PORT": "0",
                "METRICS_HOST": "127.0.0.1",
                "METRICS_PORT": str(port),
            },
        )
        try:
            base = f"http://127.0.0.1:{port}"
            yield Running(process, f"{base}/healthz", f"{base}/metrics")
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def status(url: str) -> int:
    """GET a URL; 0 when nobody answers."""

    def get() -> int:
        try:
            with urlopen(url, timeout=5) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code
        except URLError:
            return 0

    return await asyncio.to_thread(get)


async def becomes(running: Running, wanted: int) -> None:
    """Wait until the service's health answers with a status."""

    async def answers() -> bool:
        assert running.process.returncode is None, "the service has ended"
        return await status(running.health) == wanted

    await until(answers)


async def test_it_becomes_healthy_and_ends_with_0_at_sigterm(
    postgres: Database, nats: Server
) -> None:
    """A service whose dependencies are there gets ready, and SIGTERM ends it in peace."""
    async with service(postgres, nats.url) as running:
        await becomes(running, 200)

        running.process.send_signal(signal.SIGTERM)
        _, told = await asyncio.wait_for(running.process.communicate(), 10)

        assert running.process.returncode == 0, told.decode()


async def test_it_tells_its_metrics(postgres: Database, nats: Server) -> None:
    """Its metrics are there from the start, under the room's name."""
    async with service(postgres, nats.url) as running:
        await becomes(running, 200)

        def read() -> str:
            with urlopen(running.metrics, timeout=5) as answer:
                return str(answer.read(), "utf-8")

        metrics = await asyncio.to_thread(read)
        assert "ignis_webhook_events_dropped_total 0.0" in metrics


async def test_it_is_unhealthy_while_postgresql_is_away(tmp_path: Path, nats: Server) -> None:
    """A database that goes makes it unready, one that comes back ready; it doesn't end."""
    async with (
        restartable.postgres_server(tmp_path) as (server, database),
        service(database, nats.url) as running,
    ):
        await becomes(running, 200)
        await server.stop()
        await becomes(running, 503)
        await server.start()
        await becomes(running, 200)

        assert running.process.returncode is None
