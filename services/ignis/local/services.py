"""The four services: each a process of its own, with what it needs and no more."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ignis.local import probes
from ignis.local.backing import Backing
from ignis.local.devfile import ServiceEntry
from ignis.local.parts import ROOMS, Parts
from ignis.local.ports import Ports
from ignis.local.process import Command, Process, Tier
from ignis.local.settings import LocalSettings
from ignis.local.supervisor import Supervisor

HOST = "127.0.0.1"
_UNTIL_READY = 120  # seconds; an executor's first start may prepare its languages
_BEYOND_GRACE = 5  # seconds that a service may take over its own deadline

# Who gets which secrets. The executor runs strangers' programs and gets none but NATS's.
_NEEDS = {
    "auth": ("DB_", "REDIS_", "CLERK_"),
    "job": ("DB_", "REDIS_", "LANGUAGES_"),
    "executor": ("EXECUTOR_", "IGNIS_SANDBOX", "LANGUAGES_"),
    "webhook": ("DB_",),
}
_NOT_FOR_ALL = tuple({prefix for prefixes in _NEEDS.values() for prefix in prefixes})


@dataclass(frozen=True, slots=True)
class Service:
    """One service and its two ports on 127.0.0.1."""

    room: str
    grpc_port: int
    metrics_port: int

    @property
    def grpc_address(self) -> str:
        """Where it answers gRPC, host:port."""
        return f"{HOST}:{self.grpc_port}"

    def entry(self, pid: int) -> ServiceEntry:
        """What `dev.json` tells about it."""
        return ServiceEntry(pid, self.grpc_address, f"http://{HOST}:{self.metrics_port}/metrics")


def placed(ports: Ports) -> dict[str, Service]:
    """All services by name, each with ports of its own."""
    return {room: Service(room, ports.take(), ports.take()) for room in ROOMS}


def common_environment(settings: LocalSettings, backing: Backing, go: Path) -> dict[str, str]:
    """What the stack itself tells the services; `environment` shares it out.

    Args:
        settings: the stack's.
        backing: the servers.
        go: the folder with the Go toolchain's programs.
    """
    database = backing.database
    return {
        "APP_ENV": settings.app_env.value,
        "LOG_LEVEL": settings.log_level,
        "DB_HOST": database.host,
        "DB_PORT": str(database.port),
        "DB_DATABASE": database.database,
        "DB_USERNAME": database.username,
        "DB_PASSWORD": database.password,
        "DB_SCHEMA": settings.db_schema,
        "NATS_URL": backing.nats_url,
        "REDIS_URL": backing.redis_url,
        "SHUTDOWN_GRACE": f"{settings.shutdown_grace:g}",
        "EXECUTOR_DATA_DIR": str(settings.ignis_data_dir / "executor"),
        "EXECUTOR_TOOLCHAIN_PATH": str(go),
        **settings.clerk(),
    }


def environment(
    service: Service, surroundings: Mapping[str, str], values: Mapping[str, str]
) -> dict[str, str]:
    """The environment of one service: its share of the values, and its own addresses."""
    needs = _NEEDS[service.room]
    share = {
        name: value
        for name, value in values.items()
        if name.startswith(needs) or not name.startswith(_NOT_FOR_ALL)
    }
    own = {
        "GRPC_HOST": HOST,
        "GRPC_PORT": str(service.grpc_port),
        "METRICS_HOST": HOST,
        "METRICS_PORT": str(service.metrics_port),
    }
    if service.room == "executor":
        own["EXECUTOR_ADDRESS"] = service.grpc_address
    return {**surroundings, **share, **own}


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts services.

    Args:
        parts: what starts a room.
        supervisor: what runs them.
        environments: each service's environment, by room.
        grace: how long a service may drain, seconds.
    """

    parts: Parts
    supervisor: Supervisor
    environments: Mapping[str, Mapping[str, str]]
    grace: float

    async def start(self, service: Service) -> Process:
        """Start a service and wait until it says that it is ready.

        Raises:
            StackError: when it can't start.
        """
        command = Command(
            name=service.room,
            argv=self.parts.argv(service.room),
            env=self.environments[service.room],
            cwd=Path.cwd(),
            tier=Tier.SERVICE,
            patience=self.grace + _BEYOND_GRACE,
        )
        process = await self.supervisor.spawn(command)
        await process.until(
            lambda: probes.http_ok(HOST, service.metrics_port, "/healthz"), _UNTIL_READY
        )
        return process
