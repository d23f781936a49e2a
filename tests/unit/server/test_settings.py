"""What every service reads from its environment."""

import pytest
from pydantic import Field

from ignis.server.settings import (
    DatabaseSettings,
    Environment,
    RedisSettings,
    ServiceSettings,
    load,
)


class Everything(ServiceSettings, DatabaseSettings, RedisSettings):
    """A service that uses everything."""

    a_number: int = Field(1, ge=1)


def test_a_service_is_in_production_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set is the strict environment."""
    monkeypatch.delenv("APP_ENV", raising=False)

    assert Environment.PRODUCTION is load(ServiceSettings).app_env


@pytest.mark.parametrize("kind", [ServiceSettings, DatabaseSettings, RedisSettings, Everything])
def test_empty_is_absent_for_every_kind(
    monkeypatch: pytest.MonkeyPatch, kind: type[ServiceSettings]
) -> None:
    """`DB_PORT=` in a file leaves the default, whichever classes a service is made of."""
    for name in ("DB_PORT", "GRPC_PORT", "REDIS_URL", "A_NUMBER"):
        monkeypatch.setenv(name, "")

    load(kind)


def test_a_wrong_value_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each wrong variable is told in a line of its own, without a traceback or its value."""
    monkeypatch.setenv("GRPC_PORT", "hunter2")
    monkeypatch.setenv("DB_PORT", "0")
    monkeypatch.setenv("A_NUMBER", "-5")
    with pytest.raises(SystemExit) as caught:
        load(Everything)

    told = capsys.readouterr().err
    assert 2 == caught.value.code
    assert {"ignis: A_NUMBER", "ignis: DB_PORT", "ignis: GRPC_PORT"} == {
        line.rsplit(": ", 1)[0] for line in told.splitlines()
    }
    assert "hunter2" not in told


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of the settings shows no password, also none inside a URL."""
    monkeypatch.setenv("DB_PASSWORD", "hunter2")
    monkeypatch.setenv("NATS_URL", "nats://ignis:hunter3@127.0.0.1:4222")
    monkeypatch.setenv("REDIS_URL", "redis://:hunter4@127.0.0.1:6379/0")
    settings = load(Everything)

    assert "hunter" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert "hunter2" == settings.db_password.get_secret_value()


def test_settings_do_not_change() -> None:
    """What a service started with is what it runs with."""
    settings = Everything.model_validate({})
    with pytest.raises(ValueError, match="frozen"):
        settings.db_port = 1


def test_other_variables_are_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that no field names is no error."""
    monkeypatch.setenv("DB_SOMETHING", "x")

    load(Everything)


@pytest.mark.parametrize("schema", ["Public", 'a"b', "a b", "1a", "a" * 64])
def test_a_schema_needs_no_quotes(monkeypatch: pytest.MonkeyPatch, schema: str) -> None:
    """The schema stands in statements, so nothing but a plain name is taken."""
    monkeypatch.setenv("DB_SCHEMA", schema)
    with pytest.raises(SystemExit):
        load(DatabaseSettings)
