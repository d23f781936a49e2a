"""`dev.json` tells where everything is, and keeps its promises."""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import jwt
import nats
import redis.asyncio
from tests.e2e.conftest import Running
from tests.e2e.shape import data_of

ROOMS = {"auth", "job", "executor", "webhook"}

# Of the kernel's tables of sockets: columns, a state, and how it writes 127.0.0.1, ::1, and
# 127.0.0.1 of an IPv6 socket.
LOCAL_ADDRESS, STATE, INODE = 1, 3, 9
LISTEN = "0A"
LOOPBACK = {
    "0100007F",
    "00000000000000000000000001000000",
    "0000000000000000FFFF00000100007F",
}


def test_it_has_the_promised_keys_and_no_others(stack: Running) -> None:
    """The file is for its owner alone, since there are passwords in it."""
    assert set(stack.facts) == {
        "base_url",
        "grpc_address",
        "api_key",
        "user_token",
        "database_url",
        "nats_url",
        "redis_url",
        "services",
    }
    assert set(stack.facts["services"]) == ROOMS
    for service in stack.facts["services"].values():
        assert set(service) == {"pid", "grpc_address", "metrics_url"}
    assert (stack.data / "dev.json").stat().st_mode & 0o777 == 0o600


def test_the_services_are_processes_of_their_own(stack: Running) -> None:
    """Each pid is alive, and runs the room that it is said to run."""
    pids = {room: service["pid"] for room, service in stack.facts["services"].items()}
    assert len(set(pids.values())) == len(ROOMS)
    for room, pid in pids.items():
        os.kill(pid, 0)
        assert f"ignis.{room}".encode() in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_every_service_has_metrics_and_health_on_a_port_of_its_own(
    stack: Running, api: httpx.Client
) -> None:
    """Its metrics are named after it, and tell requests, errors and latency."""
    assert api.get("/api/v1/public/status").status_code == 200
    urls = {room: service["metrics_url"] for room, service in stack.facts["services"].items()}
    assert len({httpx.URL(url).port for url in urls.values()}) == len(ROOMS)
    for room, url in urls.items():
        metrics = httpx.get(url)
        assert metrics.status_code == 200
        names = {line.split()[2] for line in metrics.text.splitlines() if line.startswith("# TYPE")}
        own = {name for name in names if name.startswith("ignis_")}
        assert own
        assert all(name.startswith(f"ignis_{room}_") for name in own), own
        for noun in ("requests", "errors", "request_seconds"):
            assert any(noun in name for name in own), (noun, own)
        assert httpx.get(url.replace("/metrics", "/healthz")).status_code == 200


def test_the_key_belongs_to_the_user_and_has_the_promised_limits(
    stack: Running, person: httpx.Client
) -> None:
    """It has the default scopes, and may send a million requests a minute."""
    keys = data_of(person.get("/api/v1/api-keys", params={"limit": 100}))
    own = [key for key in keys if key["name"] == "make run"]
    assert len(own) == 1
    assert stack.facts["api_key"].endswith(own[0]["last_four"])
    assert own[0]["scopes"] == ["jobs:read", "jobs:write"]
    assert own[0]["rate_limit"] == 1_000_000
    assert "expires_at" not in own[0]


def test_the_session_looks_like_clerks_and_lasts(stack: Running) -> None:
    """It is signed with RS256, has Clerk's claims, and outlasts any run."""
    token = stack.facts["user_token"]
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["sub"].startswith("user_")
    assert claims["sid"].startswith("sess_")
    assert claims["v"] == 2
    assert claims["exp"] > time.time() + 30 * 24 * 3600


async def test_the_urls_of_the_servers_work(stack: Running) -> None:
    """PostgreSQL, NATS and Redis answer with the passwords that are in them."""
    database = await asyncpg.connect(stack.facts["database_url"])
    assert await database.fetchval("SELECT 1") == 1
    await database.close()
    client = await nats.connect(stack.facts["nats_url"])
    assert (await client.jetstream().account_info()).streams >= 2
    await client.close()
    valkey = redis.asyncio.Redis.from_url(stack.facts["redis_url"])
    assert await valkey.ping()
    await valkey.aclose()


def test_nothing_listens_beyond_this_machine(stack: Running) -> None:
    """Every socket that a process of the stack listens on is on the loopback interface."""
    records = (stack.data / "run").glob("*.json")
    pids = {path.stem: json.loads(path.read_text("ascii"))[0] for path in records}
    assert set(pids) == ROOMS | {"postgres", "nats", "valkey", "envoy"}
    for name, pid in pids.items():
        addresses = _listening(Path(f"/proc/{pid}"))
        assert addresses, name
        assert addresses <= LOOPBACK, name


def _listening(process: Path) -> set[str]:
    """The addresses, as the kernel writes them, that a process listens on."""
    sockets = set()
    for descriptor in (process / "fd").iterdir():
        with suppress(OSError):  # it was closed by now
            sockets.add(str(descriptor.readlink()))
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in (process / "net" / table).read_text("ascii").splitlines()[1:]
    ]
    return {
        row[LOCAL_ADDRESS].partition(":")[0]
        for row in rows
        if row[STATE] == LISTEN and f"socket:[{row[INODE]}]" in sockets
    }
