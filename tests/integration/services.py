"""A service of Ignis as a process of its own, for tests."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
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
        except (URLError, OSError):
            return 0

    def wait_for(self, wanted: int, patience: float = PATIENCE) -> None:
        """Wait until /healthz answers with a status."""
        deadline = time.monotonic() + patience
        while self.status() != wanted:
            told = self.log.read_text()
            assert self.process.poll() is None, told
            assert time.monotonic() < deadline, told
            time.sleep(0.02)

    async def becomes(self, wanted: int, patience: float = PATIENCE) -> None:
        """Wait for a status, while the event loop goes on."""
        await asyncio.to_thread(self.wait_for, wanted, patience)

    async def ends(self, limit: float) -> int:
        """Wait until the process has ended, while the event loop goes on; its exit status."""
        return await asyncio.to_thread(self.process.wait, limit)

    def metrics(self) -> str:
        """What Prometheus reads."""
        with urlopen(f"{self.http}/metrics", timeout=5) as answer:
            return str(answer.read(), "utf-8")

    def logged(self) -> list[dict[str, Any]]:
        """The lines of the log so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def on_servers(database: Database, nats_url: str, schema: str) -> dict[str, str]:
    """The variables of a service that keeps something."""
    return {
        "DB_HOST": database.host,
        "DB_PORT": str(database.port),
        "DB_DATABASE": database.database,
        "DB_USERNAME": database.username,
        "DB_PASSWORD": database.password,
        "DB_SCHEMA": schema,
        "NATS_URL": nats_url,
    }


@contextmanager
def running(room: str, folder: Path, **env: str) -> Iterator[Service]:
    """Start `python -m ignis.<room>`; it is killed at the end if it still runs."""
    with Ports() as ports:
        grpc_port, http_port = ports.take(), ports.take()
        path = folder / f"{room}-{grpc_port}.log"
        with path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"ignis.{room}"],
                stderr=log,
                env={
                    "PATH": os.environ["PATH"],
                    "GRPC_HOST": "127.0.0.1",
                    "GRPC_PORT": str(grpc_port),
                    "METRICS_HOST": "127.0.0.1",
                    "METRICS_PORT": str(http_port),
                    **env,
                },
            )
        try:
            yield Service(process, path, f"127.0.0.1:{grpc_port}", f"http://127.0.0.1:{http_port}")
        finally:
            process.kill()
            process.wait()
