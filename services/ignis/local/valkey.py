"""Valkey from the wheel, in memory alone: nothing in it must not be lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ignis.local import probes
from ignis.local.files import private_folder, write_private
from ignis.local.process import Command, Process
from ignis.local.supervisor import Supervisor

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Valkey:
    """Starts valkey-server on 127.0.0.1, behind a password.

    Args:
        binary: valkey-server.
        folder: what belongs to it; made on the first start.
        env: the environment for it.
    """

    binary: Path
    folder: Path
    env: Mapping[str, str]

    async def start(self, supervisor: Supervisor, port: int, password: str) -> Process:
        """Start it and wait until it answers.

        Raises:
            StackError: when it can't start.
        """
        config = private_folder(self.folder) / "valkey.conf"
        lines = (
            f"bind {HOST}",
            f"port {port}",
            f"requirepass {password}",
            'save ""',
            "appendonly no",
        )
        write_private(config, "\n".join(lines) + "\n")
        command = Command(
            name="valkey",
            argv=(str(self.binary), str(config.resolve())),
            env=self.env,
            cwd=self.folder,
        )
        process = await supervisor.spawn(command)
        await process.until(lambda: _is_ready(port, password))
        return process


def url(port: int, password: str) -> str:
    """Where the server is, with its password."""
    return f"redis://:{quote(password, safe='')}@{HOST}:{port}/0"


async def _is_ready(port: int, password: str) -> bool:
    return await probes.talk(HOST, port, f"AUTH {password}\r\n".encode()) == b"+OK\r\n"
