"""The webhook service as a process of its own, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration import services
from tests.integration.services import Service

from ignis.local.postgres import Database

__all__ = ["Service", "running"]


@contextmanager
def running(
    folder: Path, database: Database, nats_url: str, schema: str, **env: str
) -> Iterator[Service]:
    """Start `python -m ignis.webhook`; it is killed at the end if it still runs."""
    variables = {**services.on_servers(database, nats_url, schema), **env}
    with services.running("webhook", folder, **variables) as service:
        yield service
