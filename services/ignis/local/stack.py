"""The stack from its first server to its API key, in order."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ignis.local import apikey, rest, services
from ignis.local.backing import Backing, Starter
from ignis.local.devfile import DevFile
from ignis.local.envoy import Envoy
from ignis.local.errors import ServerError
from ignis.local.files import private_folder
from ignis.local.issuer import ISSUER, Issuer
from ignis.local.parts import ROOMS, Parts
from ignis.local.ports import Ports
from ignis.local.process import Process
from ignis.local.services import Launcher, Service
from ignis.local.settings import LocalSettings, documented, given, passed_on, surroundings
from ignis.local.supervisor import Supervisor
from ignis.local.terminal import Terminal
from ignis.local.together import together


@dataclass(slots=True)
class Stack:
    """A whole Ignis.

    Args:
        settings: the stack's.
        parts: programs and files.
        supervisor: what runs them.
        ports: where ports come from.
        terminal: what shows progress.
    """

    settings: LocalSettings
    parts: Parts
    supervisor: Supervisor
    ports: Ports
    terminal: Terminal
    _services: dict[str, Service] = field(default_factory=dict)
    _running: dict[str, Process] = field(default_factory=dict)
    _launcher: Launcher | None = None
    _facts: DevFile | None = None

    async def start(self) -> None:
        """Start everything and write `dev.json`.

        Raises:
            StackError: when something can't start.
        """
        backing = await Starter(
            self.settings, self.parts.binaries, self.supervisor, self.ports, self.terminal
        ).start()
        issuer = self._issuer()
        self._services = services.placed(self.ports)
        self._launcher = self._make_launcher(backing, issuer)
        async with together() as group:
            for room in ROOMS:
                group.create_task(self._start_service(room))
        await self._start_gateway()
        with self.terminal.step("health"):
            await rest.healthy(self._base_url())
        token = key = None
        if issuer:
            token = issuer.token(self._authorized_party())
            with self.terminal.step("API key"):
                path = self._secrets() / "api_key"
                key = await apikey.working_key(self._base_url(), token, path)
        self._facts = DevFile(
            base_url=self._base_url(),
            grpc_address=f"{self.settings.reachable_host}:{self.settings.port}",
            api_key=key,
            user_token=token,
            database_url=backing.database.url,
            nats_url=backing.nats_url,
            redis_url=backing.redis_url,
            services={},
        )
        self._publish()
        self.terminal.ready(self._base_url("localhost"), key, self.settings.ignis_data_dir)

    async def restart(self, rooms: Iterable[str]) -> None:
        """Stop services and start them anew, on the same ports.

        One that fails to start is told about and stays down until it is restarted again.
        """
        async with together() as group:
            for room in rooms:
                group.create_task(self._restart_service(room))
        self._publish()

    async def _restart_service(self, room: str) -> None:
        process = self._running.pop(room, None)
        if process:
            await self.supervisor.end(process)
        try:
            await self._start_service(room)
        except ServerError as failure:
            self.terminal.say(f"  {failure}; waiting for the next change")

    async def _start_service(self, room: str) -> None:
        if self._launcher is None:
            raise RuntimeError("services start after their servers")
        with self.terminal.step(room):
            self._running[room] = await self._launcher.start(self._services[room])

    async def _start_gateway(self) -> None:
        envoy = Envoy(
            self.parts.binaries.envoy,
            self.parts.template,
            self.settings.ignis_data_dir / "envoy",
            surroundings(),
        )
        addresses: dict[str, str | int] = {}
        for room, service in self._services.items():
            addresses[f"{room.upper()}_HOST"] = services.HOST
            addresses[f"{room.upper()}_PORT"] = service.grpc_port
        values = {
            **addresses,
            "LISTEN_HOST": str(self.settings.listen_host),
            "PORT": self.settings.port,
            "DESCRIPTOR": str(self.parts.descriptor),
            "CORS_ORIGIN": self.settings.cors_origin,
        }
        with self.terminal.step("envoy"):
            await envoy.start(self.supervisor, self.ports.take(), values)

    def _make_launcher(self, backing: Backing, issuer: Issuer | None) -> Launcher:
        values = {
            **services.common_environment(self.settings, backing, self.parts.binaries.go),
            **passed_on(given(), documented(self.parts.example)),
        }
        if issuer:
            values |= {"CLERK_JWT_KEY": issuer.public_key, "CLERK_ISSUER": issuer.name}
        environments = {
            room: services.environment(service, surroundings(), values)
            for room, service in self._services.items()
        }
        grace = self.settings.shutdown_grace
        return Launcher(self.parts, self.supervisor, environments, grace)

    def _issuer(self) -> Issuer | None:
        if not self.settings.own_issuer:
            return None
        return Issuer.kept(self._secrets() / "issuer.pem", self.settings.clerk_issuer or ISSUER)

    def _authorized_party(self) -> str:
        parties = self.settings.clerk_authorized_parties or self._base_url("localhost")
        return parties.partition(",")[0].strip()

    def _secrets(self) -> Path:
        return private_folder(self.settings.ignis_data_dir / "secrets")

    def _base_url(self, loopback: str = "127.0.0.1") -> str:
        host = self.settings.reachable_host
        return f"http://{loopback if host == '127.0.0.1' else host}:{self.settings.port}"

    def _publish(self) -> None:
        if self._facts is not None:
            entries = {
                room: self._services[room].entry(process.pid)
                for room, process in self._running.items()
            }
            facts = replace(
                self._facts, services={room: entries[room] for room in ROOMS if room in entries}
            )
            facts.write(self.settings.ignis_data_dir / "dev.json")
