"""What the webhook service reads from its environment."""

from datetime import timedelta

import pytest

from ignis.server.settings import load
from ignis.webhook.models import Rules
from ignis.webhook.settings import WebhookSettings


def test_the_defaults_are_those_of_production() -> None:
    """Nothing set means 50 endpoints, 30 days, and no loopback."""
    settings = WebhookSettings.model_validate({})

    assert Rules(max_endpoints=50, development=False) == settings.rules
    assert timedelta(days=30) == settings.retention


def test_development_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Development has to be asked for by its name."""
    monkeypatch.setenv("APP_ENV", "development")
    monkeypatch.setenv("WEBHOOK_MAX_ENDPOINTS", "7")
    monkeypatch.setenv("WEBHOOK_RETENTION_DAYS", "0.5")
    settings = load(WebhookSettings)

    assert Rules(max_endpoints=7, development=True) == settings.rules
    assert timedelta(hours=12) == settings.retention


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """`WEBHOOK_WORKERS=` in a file leaves the default, as for every service."""
    monkeypatch.setenv("WEBHOOK_WORKERS", "")
    monkeypatch.setenv("DB_PORT", "")
    settings = load(WebhookSettings)

    assert (settings.webhook_workers, settings.db_port) == (4, 5432)
