"""What the webhook service reads from its environment."""

from datetime import timedelta

from pydantic import Field

from ignis.server.settings import DatabaseSettings, Environment, ServiceSettings
from ignis.webhook.models import Rules


class WebhookSettings(ServiceSettings, DatabaseSettings):
    """Settings of the webhook service."""

    webhook_max_endpoints: int = Field(50, ge=1, le=10_000)  # endpoints of one user
    webhook_retention_days: float = Field(30, gt=0, le=3650)  # how long deliveries are kept
    webhook_workers: int = Field(4, ge=1, le=64)  # events that are handled at once

    @property
    def rules(self) -> Rules:
        """What an endpoint may be."""
        return Rules(
            max_endpoints=self.webhook_max_endpoints,
            development=self.app_env is Environment.DEVELOPMENT,
        )

    @property
    def retention(self) -> timedelta:
        """How long deliveries are kept."""
        return timedelta(days=self.webhook_retention_days)
