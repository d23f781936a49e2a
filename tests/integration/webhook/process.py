"""The webhook service as a process of its own, for tests."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from ignis.local.ports import Ports
from ignis.local.postgres import Database

PATIENCE = 20.0  # seconds until a status must be there


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    process: subprocess.Popen[bytes] = field(repr=False)
    log: Path
    grpc: str  # host:port
    http: str  # the URL of the operator's port

    def status(self) -> int:
        """What /healthz answers; 0 when nobody does."""
        try:
            with urlopen(f"{self.http}/healthz", timeout=5) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code
        except URLError:
            return 0

    def wait_for(self, wanted: int) -> None:
        """Wait until /healthz answers with a status."""
        deadline = time.monotonic() + PATIENCE
        while self.status() != wanted:
            told = self.log.read_text()
            assert self.process.poll() is None, told
            assert time.monotonic() < deadline, told
            time.sleep(0.02)

    async def becomes(self, wanted: int) -> None:
        """Wait for a status, while the event loop goes on."""
        await asyncio.to_thread(self.wait_for, wanted)


@contextmanager
def running(
    folder: Path, database: Database, nats_url: str, schema: str, **env: str
) -> Iterator[Service]:
    """Start `python -m ignis.webhook`; it is killed at the end if it still runs."""
    with Ports() as ports, (folder / "webhook.log").open("ab") as log:
        grpc_port, http_port = ports.take(), ports.take()
        process = subprocess.Popen(
            [sys.executable, "-m", "ignis.webhook"],
            stderr=log,
            env={
                "PATH": os.environ["PATH"],
                "DB_HOST": database.host,
                "DB_PORT": str(database.port),
                "DB_DATABASE": database.database,
                "DB_USERNAME": database.username,
                "DB_PASSWORD": database.password,
                "DB_SCHEMA": schema,
                "NATS_URL": nats_url,
                "GRPC_HOST": "127.0.0.1",
                "GRPC_PORT": str(grpc_port),
                "METRICS_HOST": "127.0.0.1",
                "METRICS_PORT": str(http_port),
                **env,
            },
        )
        try:
            yield Service(
                process,
                folder / "webhook.log",
                f"127.0.0.1:{grpc_port}",
                f"http://127.0.0.1:{http_port}",
            )
        finally:
            process.kill()
            process.wait()
