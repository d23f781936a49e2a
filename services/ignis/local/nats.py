"""NATS with JetStream from the wheel, with its streams in the data folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ignis.local import probes
from ignis.local.files import private_folder, write_private
from ignis.local.process import Command, Process
from ignis.local.supervisor import Supervisor
from ignis.server.limits import MAX_MESSAGE

HOST = "127.0.0.1"
_USER = "ignis"
_MEMORY = 256 * 1024 * 1024  # bytes
_DISK = 10 * 1024 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Nats:
    """Starts nats-server on 127.0.0.1, for one user with a password.

    Args:
        binary: nats-server.
        folder: what belongs to it; made on the first start.
        env: the environment for it.
    """

    binary: Path
    folder: Path
    env: Mapping[str, str]

    async def start(self, supervisor: Supervisor, port: int, password: str) -> Process:
        """Start it and wait until JetStream has read its streams.

        Raises:
            StackError: when it can't start.
        """
        config = private_folder(self.folder) / "nats.conf"
        write_private(config, self._config(port, password))
        command = Command(
            name="nats",
            argv=(str(self.binary), "--config", str(config.resolve())),
            env=self.env,
            cwd=self.folder,
        )
        process = await supervisor.spawn(command)
        await process.until(lambda: _is_ready(port))
        return process

    def _config(self, port: int, password: str) -> str:
        """Its configuration; JSON is a part of that language, strings and all."""
        return json.dumps(
            {
                "server_name": "ignis-local",
                "host": HOST,
                "port": port,
                "max_payload": MAX_MESSAGE,
                "authorization": {"user": _USER, "password": password},
                "jetstream": {
                    "store_dir": str((self.folder / "jetstream").resolve()),
                    "max_memory_store": _MEMORY,
                    "max_file_store": _DISK,
                },
            },
            indent=2,
        )


def url(port: int, password: str) -> str:
    """Where the server is, with its password."""
    return f"nats://{_USER}:{quote(password, safe='')}@{HOST}:{port}"


async def _is_ready(port: int) -> bool:
    """NATS greets with what it can do, once it has recovered its streams."""
    greeting = await probes.talk(HOST, port, b"")
    if not greeting.startswith(b"INFO "):
        return False
    return bool(json.loads(greeting[5:]).get("jetstream"))
