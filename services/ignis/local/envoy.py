"""The gateway: Envoy from the wheel, with the configuration that `make build` made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from ignis.local import probes
from ignis.local.errors import StackError
from ignis.local.files import private_folder, write_private
from ignis.local.process import Command, Process, Tier
from ignis.local.supervisor import Supervisor

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Envoy:
    """Starts Envoy on a template whose first comment explains its placeholders.

    Args:
        binary: envoy.
        template: `build/envoy.yaml`.
        folder: what belongs to it; made on the first start.
        env: the environment for it.
    """

    binary: Path
    template: Path
    folder: Path
    env: Mapping[str, str]

    async def start(
        self, supervisor: Supervisor, admin_port: int, values: Mapping[str, str | int]
    ) -> Process:
        """Start it and wait until it takes requests.

        Args:
            supervisor: what runs it.
            admin_port: for its admin interface, on 127.0.0.1.
            values: for the placeholders, without ADMIN_PORT.

        Raises:
            StackError: when it can't start.
        """
        config = private_folder(self.folder) / "envoy.yaml"
        text = self.template.read_text(encoding="utf-8")
        write_private(config, fill(text, {**values, "ADMIN_PORT": admin_port}))
        # Hot restart shares memory between all Envoys of a machine; two stacks must not.
        flags = ("--disable-hot-restart", "--log-level", "warning")
        command = Command(
            name="envoy",
            argv=(str(self.binary), "--config-path", str(config.resolve()), *flags),
            env=self.env,
            cwd=self.folder,
            tier=Tier.GATEWAY,
        )
        process = await supervisor.spawn(command)
        await process.until(lambda: probes.http_ok(HOST, admin_port, "/ready"))
        return process


def fill(template: str, values: Mapping[str, str | int]) -> str:
    """Put values in the place of `${NAMES}`, escaped for a double-quoted string of YAML.

    Raises:
        StackError: when the template wants another value.
    """
    escaped = {name: json.dumps(str(value))[1:-1] for name, value in values.items()}
    try:
        return Template(template).substitute(escaped)
    except (KeyError, ValueError) as error:
        raise StackError(
            f"build/envoy.yaml and this version of Ignis do not fit ({error}): run `make build`"
        ) from None
