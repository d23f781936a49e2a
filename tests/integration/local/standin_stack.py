"""Runs the stack as `python -m ignis.local` does, over services and a gateway that stand in."""

import sys
from pathlib import Path

from ignis.local import binaries
from ignis.local.app import run
from ignis.local.binaries import ROOT
from ignis.local.parts import Parts
from ignis.local.settings import LocalSettings
from ignis.local.terminal import Terminal
from ignis.server.settings import load

HERE = Path(__file__).parent


def _parts() -> Parts:
    return Parts(
        binaries=binaries.find(),
        template=HERE / "standin_gateway.yaml",
        descriptor=HERE / "standin_gateway.yaml",
        example=ROOT / "env.example",
        package=Path.cwd() / "code",
        service=(sys.executable, str(HERE / "standin_service.py")),
    )


if __name__ == "__main__":
    watching = "--watch" in sys.argv
    sys.exit(run(load(LocalSettings), Terminal(), watching=watching, find_parts=_parts))
