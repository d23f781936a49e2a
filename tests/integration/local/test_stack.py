"""A stack starts, keeps its data, and stops."""

from pathlib import Path

import asyncpg
import httpx
import nats
import pytest
import redis.asyncio
from tests.integration.local.harness import SERVERS, SERVICES, free_port, gone, stack
from tests.servers import (
    Server,
    nats_fixture,
    nats_server,
    postgres_fixture,
    valkey_fixture,
)

from ignis.local.postgres import Database

__all__ = ["nats_fixture", "postgres_fixture", "valkey_fixture"]


async def test_data_and_keys_are_there_after_a_restart(tmp_path: Path) -> None:
    """A row, a stream, the user and the API key outlive the stack; so does nothing else."""
    with stack(tmp_path) as first:
        facts = first.ready()
        database = await asyncpg.connect(facts["database_url"])
        await database.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        await database.close()
        client = await nats.connect(facts["nats_url"])
        await client.jetstream().add_stream(name="KEPT", subjects=["kept"])
        assert client.max_payload == 8 * 1024 * 1024
        await client.close()
        pids = first.pids()
        assert set(pids) == SERVERS | SERVICES

        assert first.stop() == 0, first.output
    assert gone(pids)
    # Python would have told here of a Ctrl-C that reached the service itself.
    assert (tmp_path / ".ignis/logs/auth.log").read_text(encoding="utf-8") == ""
    assert not (tmp_path / ".ignis/dev.json").exists()

    with stack(tmp_path) as second:
        again = second.ready()
        database = await asyncpg.connect(again["database_url"])
        assert await database.fetchval("SELECT answer FROM kept") == 42
        await database.close()
        client = await nats.connect(again["nats_url"])
        assert (await client.jetstream().stream_info("KEPT")).config.name == "KEPT"
        await client.close()
        assert facts["api_key"] == again["api_key"] == "ign_standin"
        assert second.stop() == 0, second.output


async def test_nobody_gets_into_a_server_without_its_password(tmp_path: Path) -> None:
    """Another user of the machine can connect to no server."""
    with stack(tmp_path) as running:
        facts = running.ready()

        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(facts["database_url"].replace(":", ":x", 2).replace(":x", ":", 1))
        with pytest.raises(nats.errors.Error):
            await nats.connect(
                "nats://" + facts["nats_url"].rpartition("@")[2], allow_reconnect=False
            )
        client = redis.asyncio.Redis.from_url("redis://" + facts["redis_url"].rpartition("@")[2])
        with pytest.raises(redis.AuthenticationError):
            await client.ping()
        await client.aclose()


def test_two_stacks_run_side_by_side(tmp_path: Path) -> None:
    """With another port and data folder a second stack shares nothing with the first."""
    with (
        stack(tmp_path, env={"IGNIS_DATA_DIR": "one"}) as first,
        stack(tmp_path, env={"IGNIS_DATA_DIR": "two"}) as second,
    ):
        first.data, second.data = tmp_path / "one", tmp_path / "two"
        facts = [first.ready(), second.ready()]

        for field in ("base_url", "database_url", "nats_url", "redis_url", "services"):
            assert facts[0][field] != facts[1][field]
        headers = {"x-api-key": "ign_standin"}
        for one in facts:
            url = one["base_url"] + "/api/v1/public/status"
            assert httpx.get(url, headers=headers).status_code == 200
        assert (first.stop(), second.stop()) == (0, 0)


async def test_servers_of_the_callers_own_are_used(
    tmp_path: Path, postgres: Database, nats: Server, valkey: Server
) -> None:
    """Where a server is named, none is started, and dev.json tells of the named one."""
    servers = {
        "DB_HOST": postgres.host,
        "DB_PORT": str(postgres.port),
        "DB_PASSWORD": postgres.password,
        "NATS_URL": nats.url,
        "REDIS_URL": valkey.url,
    }
    with stack(tmp_path, env=servers) as running:
        facts = running.ready()

        assert {"envoy", *SERVICES} == set(running.pids())
        assert postgres.url == facts["database_url"]
        assert nats.url == facts["nats_url"]
        assert valkey.url == facts["redis_url"]
        assert running.stop() == 0


def test_a_server_of_the_callers_own_that_is_away_is_told(tmp_path: Path) -> None:
    """A URL where nothing listens is one line, without the password in it."""
    port = free_port()

    with stack(tmp_path, env={"NATS_URL": f"nats://me:hidden@127.0.0.1:{port}"}) as running:
        line = running.complaint()

    assert f"NATS_URL says that NATS is at 127.0.0.1:{port}" in line
    assert "hidden" not in running.output


def test_with_clerk_there_is_no_key_to_give(tmp_path: Path) -> None:
    """In production Clerk signs the sessions, so the stack has neither token nor key."""
    with stack(tmp_path, env={"APP_ENV": "production", "CLERK_SECRET_KEY": "sk_x"}) as running:
        facts = running.ready()

        assert (facts["api_key"], facts["user_token"]) == (None, None)
        assert "POST http://localhost:" in running.output
        assert running.stop() == 0


def test_a_server_stands_alone_for_other_tests() -> None:
    """The helper for other rooms' tests starts one server and leaves nothing behind."""
    with nats_server() as server:
        pid = server.process.pid
        assert not gone({"nats": pid})

    assert gone({"nats": pid})
