"""`dev.json`: where everything of a running stack is, for programs."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ignis.local.files import write_private


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """One service: its process, and its two ports."""

    pid: int
    grpc_address: str  # host:port
    metrics_url: str


@dataclass(frozen=True, slots=True)
class DevFile:
    """The file's content, as it stands in the JSON."""

    base_url: str
    grpc_address: str  # host:port of the gateway
    api_key: str | None = field(repr=False)  # None where Clerk signs the sessions
    user_token: str | None = field(repr=False)
    database_url: str = field(repr=False)
    nats_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    services: Mapping[str, ServiceEntry]

    def write(self, path: Path) -> None:
        """Put the file in place, whole, for its owner alone."""
        write_private(path, json.dumps(asdict(self), indent=2) + "\n")
