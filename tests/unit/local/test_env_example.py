"""`env.example` explains every setting, and changes nothing when it is copied."""

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from ignis.local.binaries import ROOT
from ignis.local.settings import LocalSettings, documented, given, passed_on
from ignis.server.settings import load

EXAMPLE = ROOT / "env.example"
ROOMS = ("auth", "job", "executor", "webhook", "local")
MODULES = [f"ignis.{room}.settings" for room in ROOMS]
PRESENT = [m for m in MODULES if find_spec(m.rsplit(".", 1)[0]) and find_spec(m)]


def _settings(module: str) -> Iterator[type[BaseSettings]]:
    """The settings classes that a module itself defines."""
    for member in vars(import_module(module)).values():
        if (
            isinstance(member, type)
            and issubclass(member, BaseSettings)
            and member.__module__ == module
        ):
            yield member


def _set_lines() -> dict[str, str]:
    lines = re.findall(
        r"^([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE
    )
    return dict(lines)


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return f"{value:g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("module", PRESENT)
def test_every_setting_is_explained(module: str) -> None:
    """Each setting of a room is in the file, by the variable's name."""
    names = {name.upper() for settings in _settings(module) for name in settings.model_fields}

    assert set() == names - documented(EXAMPLE)


@pytest.mark.parametrize("module", PRESENT)
def test_a_line_that_sets_something_sets_the_default(module: str) -> None:
    """What isn't commented out has the value that the room has without it."""
    lines = _set_lines()
    for settings in _settings(module):
        defaults = {
            name.upper(): _text(field.get_default(call_default_factory=True))
            for name, field in settings.model_fields.items()
        }
        both = lines.keys() & defaults.keys()

        assert {name: defaults[name] for name in both} == {name: lines[name] for name in both}


def test_a_copy_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the file as `.env`, the stack and its services have the settings they had without."""
    monkeypatch.chdir(tmp_path)
    for name in documented(EXAMPLE):
        monkeypatch.delenv(name, raising=False)
    without = load(LocalSettings)

    Path(".env").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")

    assert without == load(LocalSettings)
    passed = passed_on(given(), documented(EXAMPLE))
    assert {name: _set_lines()[name] for name in passed} == passed


def test_nothing_of_ones_own_is_set() -> None:
    """Servers, Clerk keys and APP_ENV are commented out."""
    own = re.compile(r"(DB_HOST|DB_PASSWORD|DB_PORT|NATS_URL|REDIS_URL|CLERK_\w+|APP_ENV)$")

    assert [name for name in _set_lines() if own.search(name)] == []
