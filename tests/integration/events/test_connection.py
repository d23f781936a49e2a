"""The connection to NATS."""

import asyncio
from pathlib import Path

import pytest
from tests.integration import restartable
from tests.servers import Server
from tests.waiting import until

from ignis.errors import Unavailable
from ignis.events import connection
from ignis.local.ports import Ports


async def test_a_start_without_nats_ends_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A service waits for NATS for a while, not for ever, and says what to check."""
    monkeypatch.setattr(connection, "START_LIMIT", 0.5)
    with Ports() as ports, pytest.raises(Unavailable, match="check NATS_URL") as caught:
        async with (
            asyncio.timeout(5),
            connection.connect(f"nats://127.0.0.1:{ports.take()}", "test"),
        ):
            pass

    assert caught.value.reason == "NATS_UNAVAILABLE"


async def test_a_wrong_password_is_named(monkeypatch: pytest.MonkeyPatch, nats: Server) -> None:
    """Whoever is refused learns why, without the password in the message."""
    monkeypatch.setattr(connection, "START_LIMIT", 0.5)
    with pytest.raises(Unavailable, match="Authorization Violation") as caught:
        async with connection.connect(f"nats://ignis:guess@127.0.0.1:{nats.port}", "test"):
            pass

    assert "guess" not in caught.value.message


async def test_a_server_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    """Services and NATS may start in any order."""
    async with restartable.nats_server(tmp_path) as server:
        await server.stop()
        waiting = asyncio.create_task(_ping(server.url))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await server.start()
        await asyncio.wait_for(waiting, 10)


async def test_small_messages_are_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, nats: Server
) -> None:
    """A server that can't carry a result is found out before the first job."""
    monkeypatch.setattr(connection, "MAX_MESSAGE", 64 * 1024 * 1024)
    with pytest.raises(Unavailable, match="max_payload"):
        await _ping(nats.url)


async def test_it_comes_back_after_a_restart(tmp_path: Path) -> None:
    """Pings fail while the server is away, and succeed on the same connection after."""
    async with (
        restartable.nats_server(tmp_path) as server,
        connection.connect(server.url, "test") as connected,
    ):
        await connection.ping(connected)
        await server.stop()
        await until(lambda: not connected.client.is_connected)
        await server.start()
        await until(lambda: connected.client.is_connected)
        await connection.ping(connected)


async def _ping(url: str) -> None:
    async with connection.connect(url, "test") as connected:
        await connection.ping(connected)
