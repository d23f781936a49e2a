"""Real servers for tests: PostgreSQL, NATS and Valkey from `.servers`, each in a fresh folder.

Every helper is a plain context manager that works in sync and async tests alike: the server
runs under an event loop in a thread of its own. The three fixtures at the end start theirs
once per pytest worker; import those that a test module needs, by their function's name:

    from tests.servers import nats_fixture, postgres_fixture  # noqa: F401

    async def test_something(postgres: Database) -> None: ...

A test that shares a server keeps to a schema, stream or key prefix of its own.
"""

import asyncio
import os
import secrets
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ignis.local import binaries, nats, valkey
from ignis.local.nats import Nats
from ignis.local.ports import Ports
from ignis.local.postgres import Database, Postgres
from ignis.local.process import Process
from ignis.local.supervisor import Supervisor
from ignis.local.valkey import Valkey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Server:
    """A server at a URL, with its password in it."""

    host: str
    port: int
    password: str = field(repr=False)
    url: str = field(repr=False)
    process: Process = field(repr=False)  # of another event loop: read its pid, and no more


@contextmanager
def postgres_server() -> Iterator[Database]:
    """A PostgreSQL without fsync; yields host, port, database, username, password and `url`."""
    with _ground() as (run, folder, supervisor, port):
        database = Database("127.0.0.1", port, "ignis", "ignis", secrets.token_urlsafe(9))
        launcher = Postgres(binaries.find().postgres, folder / "postgres", _env(), ("fsync=off",))
        run(launcher.start(supervisor, database))
        yield database


@contextmanager
def nats_server() -> Iterator[Server]:
    """A NATS server with JetStream."""
    with _ground() as (run, folder, supervisor, port):
        password = secrets.token_urlsafe(9)
        launcher = Nats(binaries.find().nats, folder / "nats", _env())
        process = run(launcher.start(supervisor, port, password))
        yield Server("127.0.0.1", port, password, nats.url(port, password), process)


@contextmanager
def valkey_server() -> Iterator[Server]:
    """A Valkey server."""
    with _ground() as (run, folder, supervisor, port):
        password = secrets.token_urlsafe(9)
        launcher = Valkey(binaries.find().valkey, folder / "valkey", _env())
        process = run(launcher.start(supervisor, port, password))
        yield Server("127.0.0.1", port, password, valkey.url(port, password), process)


@pytest.fixture(scope="session", name="postgres")
def postgres_fixture() -> Iterator[Database]:
    """One PostgreSQL for all tests of this worker."""
    with postgres_server() as database:
        yield database


@pytest.fixture(scope="session", name="nats")
def nats_fixture() -> Iterator[Server]:
    """One NATS server for all tests of this worker."""
    with nats_server() as server:
        yield server


@pytest.fixture(scope="session", name="valkey")
def valkey_fixture() -> Iterator[Server]:
    """One Valkey server for all tests of this worker."""
    with valkey_server() as server:
        yield server


class _Loop:
    """An event loop in a thread of its own, to run coroutines from anywhere."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and return what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def _ground() -> Iterator[tuple[Any, Path, Supervisor, int]]:
    """What a server stands on; whatever was started is stopped at the end."""
    loop = _Loop()
    with tempfile.TemporaryDirectory(prefix="ignis-test-") as name, Ports() as ports:
        supervisor = Supervisor(Path(name))
        try:
            yield loop.run, Path(name), supervisor, ports.take()
        finally:
            loop.run(supervisor.stop())
            loop.close()


def _env() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TZ": "UTC"}
