"""The servers that the services stand on: started here, or the caller's own."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ignis.local import nats, postgres, probes, valkey
from ignis.local.binaries import Binaries
from ignis.local.errors import StackError
from ignis.local.files import kept_secret, private_folder
from ignis.local.nats import Nats
from ignis.local.ports import Ports
from ignis.local.postgres import Database, Postgres
from ignis.local.settings import LocalSettings, surroundings
from ignis.local.supervisor import Supervisor
from ignis.local.terminal import Terminal
from ignis.local.together import together
from ignis.local.valkey import Valkey

_DEFAULT_PORTS = {"nats": 4222, "redis": 6379}


@dataclass(frozen=True, slots=True)
class Backing:
    """Where the three servers are, with their passwords."""

    database: Database
    nats_url: str = field(repr=False)
    redis_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts, or finds, the three servers."""

    settings: LocalSettings
    binaries: Binaries
    supervisor: Supervisor
    ports: Ports
    terminal: Terminal

    async def start(self) -> Backing:
        """Start all of them at once.

        Raises:
            StackError: when one can't start, or one of the caller's can't be reached.
        """
        async with together() as group:
            database = group.create_task(self._database())
            nats_url = group.create_task(self._nats())
            redis_url = group.create_task(self._redis())
        return Backing(database.result(), nats_url.result(), redis_url.result())

    async def _database(self) -> Database:
        wanted = self.settings
        password = wanted.db_password.get_secret_value() if wanted.db_password else None
        if wanted.db_host:
            await self._reach("PostgreSQL", "DB_HOST", wanted.db_host, wanted.db_port)
            return Database(
                host=wanted.db_host,
                port=wanted.db_port,
                database=wanted.db_database,
                username=wanted.db_username,
                password=password or "",
            )
        database = Database(
            host=postgres.HOST,
            port=self.ports.take(),
            database=wanted.db_database,
            username=wanted.db_username,
            password=password or self._secret("postgres"),
        )
        launcher = Postgres(self.binaries.postgres, self._folder("postgres"), surroundings())
        with self.terminal.step("postgres"):
            await launcher.start(self.supervisor, database)
        return database

    async def _nats(self) -> str:
        if self.settings.nats_url:
            url = self.settings.nats_url.get_secret_value()
            await self._reach_url("NATS", "NATS_URL", url)
            return url
        port, password = self.ports.take(), self._secret("nats")
        launcher = Nats(self.binaries.nats, self._folder("nats"), surroundings())
        with self.terminal.step("nats"):
            await launcher.start(self.supervisor, port, password)
        return nats.url(port, password)

    async def _redis(self) -> str:
        if self.settings.redis_url:
            url = self.settings.redis_url.get_secret_value()
            await self._reach_url("Redis", "REDIS_URL", url)
            return url
        port, password = self.ports.take(), self._secret("valkey")
        launcher = Valkey(self.binaries.valkey, self._folder("valkey"), surroundings())
        with self.terminal.step("valkey"):
            await launcher.start(self.supervisor, port, password)
        return valkey.url(port, password)

    async def _reach_url(self, server: str, variable: str, url: str) -> None:
        """Check the first server of a URL, or of a comma-separated list of them."""
        parts = urlsplit(url.partition(",")[0].strip())
        if parts.hostname:
            port = parts.port or _DEFAULT_PORTS[server.lower()]
            await self._reach(server, variable, parts.hostname, port)

    async def _reach(self, server: str, variable: str, host: str, port: int) -> None:
        if not await probes.listens(host, port):
            raise StackError(
                f"{variable} says that {server} is at {host}:{port}, where nothing answers: "
                f"start it, or leave {variable} out and the stack starts its own"
            )
        self.terminal.say(f"  {server.lower():<10} at {host}:{port} ({variable})")

    def _folder(self, name: str) -> Path:
        return self.settings.ignis_data_dir / name

    def _secret(self, name: str) -> str:
        return kept_secret(private_folder(self._folder("secrets")) / name)
