"""Settings of the job service."""

from dataclasses import fields

import pytest

from ignis.job.models import Limits
from ignis.job.settings import JobSettings
from ignis.server.settings import load


def test_the_defaults_are_those_that_are_promised() -> None:
    """Without a variable, limits are those of the documentation."""
    settings = load(JobSettings)

    assert settings.default_limits == Limits(
        10_000, 10_000, 262_144, 64, 1_048_576, 67_108_864, 1024
    )
    assert settings.maximum_limits == Limits(
        60_000, 60_000, 1_048_576, 256, 1_048_576, 268_435_456, 4096
    )


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_a_default_above_its_maximum_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A job must never get what it may not ask for; the message names the variable."""
    default = getattr(load(JobSettings).default_limits, name)
    monkeypatch.setenv(f"LIMIT_{name.upper()}_MAX", str(default))
    assert getattr(load(JobSettings).maximum_limits, name) == default
    monkeypatch.setenv(f"LIMIT_{name.upper()}_MAX", str(default - 1))

    with pytest.raises(SystemExit):
        load(JobSettings)
    assert f"LIMIT_{name.upper()} must not be above" in capsys.readouterr().err


def test_a_limit_fits_its_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A maximum beyond 32 bits can't be told to clients, and is refused."""
    monkeypatch.setenv("LIMIT_FILE_BYTES_MAX", str(2**31))

    with pytest.raises(SystemExit):
        load(JobSettings)
    assert "LIMIT_FILE_BYTES_MAX" in capsys.readouterr().err
