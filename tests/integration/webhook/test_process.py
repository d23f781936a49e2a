"""The webhook service as a process: starts, lives through outages, ends."""

import signal
from pathlib import Path
from urllib.request import urlopen

from tests.integration import restartable
from tests.integration.webhook.process import running
from tests.servers import Server

from ignis.local.postgres import Database


def test_it_becomes_healthy_and_ends_with_0_at_sigterm(
    tmp_path: Path, postgres: Database, nats: Server, schema: str
) -> None:
    """A service whose dependencies are there gets ready, and SIGTERM ends it in peace."""
    with running(tmp_path, postgres, nats.url, schema) as service:
        service.wait_for(200)
        service.process.send_signal(signal.SIGTERM)

        assert service.process.wait(10) == 0, service.log.read_text()


def test_it_tells_its_metrics(
    tmp_path: Path, postgres: Database, nats: Server, schema: str
) -> None:
    """Its metrics are there from the start, under the room's name."""
    with running(tmp_path, postgres, nats.url, schema) as service:
        service.wait_for(200)
        with urlopen(f"{service.http}/metrics", timeout=5) as answer:
            metrics = str(answer.read(), "utf-8")

    assert "ignis_webhook_events_dropped_total 0.0" in metrics


async def test_it_is_unhealthy_while_postgresql_is_away(
    tmp_path: Path, nats: Server, schema: str
) -> None:
    """A database that goes makes it unready, one that comes back ready; it doesn't end."""
    async with restartable.postgres_server(tmp_path) as (server, database):
        with running(tmp_path, database, nats.url, schema) as service:
            await service.becomes(200)
            await server.stop()
            await service.becomes(503)
            await server.start()
            await service.becomes(200)


async def test_it_is_unhealthy_while_nats_is_away(
    tmp_path: Path, postgres: Database, schema: str
) -> None:
    """NATS that goes makes it unready, and one that comes back ready."""
    async with restartable.nats_server(tmp_path) as server:
        with running(tmp_path, postgres, server.url, schema) as service:
            await service.becomes(200)
            await server.stop()
            await service.becomes(503)
            await server.start()
            await service.becomes(200)


def test_a_wrong_setting_is_one_line(
    tmp_path: Path, postgres: Database, nats: Server, schema: str
) -> None:
    """A number that is none ends the start at once, and names the variable."""
    wrong = {"WEBHOOK_RETENTION_DAYS": "a while"}
    with running(tmp_path, postgres, nats.url, schema, **wrong) as service:
        assert service.process.wait(10) == 2

    [line] = service.log.read_text().splitlines()
    assert line.startswith("ignis: WEBHOOK_RETENTION_DAYS: ")
