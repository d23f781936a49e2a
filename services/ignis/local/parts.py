"""What a stack is built of; tests put parts of their own in."""

import sys
from dataclasses import dataclass
from pathlib import Path

from ignis.local import binaries
from ignis.local.binaries import ROOT, Binaries
from ignis.local.errors import StackError

ROOMS = ("auth", "job", "executor", "webhook")


@dataclass(frozen=True, slots=True)
class Parts:
    """Programs and files.

    Args:
        binaries: the servers' programs.
        template: the gateway's configuration, with placeholders.
        descriptor: the descriptor set that it was built from.
        example: `env.example`, which names every variable of Ignis.
        package: the folder of the services' code, one folder a room.
        service: what starts a room's module, whose name comes behind it.
    """

    binaries: Binaries
    template: Path
    descriptor: Path
    example: Path
    package: Path
    service: tuple[str, ...] = (sys.executable, "-m")

    def argv(self, room: str) -> tuple[str, ...]:
        """The command line of a room."""
        return (*self.service, f"ignis.{room}")


def installed(root: Path = ROOT) -> Parts:
    """The parts of this clone.

    Raises:
        StackError: when one is missing.
    """
    parts = Parts(
        binaries=binaries.find(root / ".servers"),
        template=root / "build/envoy.yaml",
        descriptor=root / "build/descriptor.binpb",
        example=root / "env.example",
        package=root / "services/ignis",
    )
    for path in (parts.template, parts.descriptor, parts.example):
        if not path.exists():
            raise StackError(f"{path} is missing: run `make build`")
    return parts
