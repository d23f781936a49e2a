"""Valkey goes and comes back, and the limits hold."""

import asyncio
import os
import signal
from pathlib import Path

from tests.integration.auth import process
from tests.integration.auth.valkey import valkey_server
from tests.servers import Server
from tests.servers import valkey_server as killable_valkey
from tests.waiting import until

from ignis.local.postgres import Database

GAUGE = "ignis_auth_limiter_redis "
AWAY = "Redis is away"
BACK = "Redis is back"


async def test_limits_hold_without_valkey(postgres: Database, nats: Server, tmp_path: Path) -> None:
    """Memory takes over with the very next request, Valkey within seconds of its return."""
    async with valkey_server(tmp_path) as valkey:
        variables = process.environment(postgres, nats.url, valkey.url)
        with process.service(variables, tmp_path) as running:
            async with process.client(running) as client:
                made = await client.make_key("valkey", rate_limit=3)
                assert [await client.reason(key=made.key) for _ in range(2)] == ["", ""]
                assert running.metric(GAUGE) == 1

                await valkey.stop()
                told = [await client.reason(key=made.key) for _ in range(5)]
                assert told == ["", "", "", "RATE_LIMITED", "RATE_LIMITED"]
                assert running.metric(GAUGE) == 0
                assert running.status() == 200

                await valkey.start()
                await until(lambda: running.metric(GAUGE) == 1, 10)
                assert await client.reason(key=made.key) == ""
            log = running.log.read_text()
            assert (log.count(AWAY), log.count(BACK)) == (1, 1)


async def test_a_hanging_valkey_holds_up_nobody(
    postgres: Database, nats: Server, tmp_path: Path
) -> None:
    """The first requests wait for it for a moment, the others not at all."""
    loop = asyncio.get_running_loop()
    with killable_valkey() as valkey:
        variables = process.environment(postgres, nats.url, valkey.url)
        with process.service(variables, tmp_path) as running:
            async with process.client(running) as client:
                made = await client.make_key("hanging", rate_limit=1000)
                await client.check(key=made.key)
                os.kill(valkey.process.pid, signal.SIGSTOP)
                try:
                    began = loop.time()
                    assert await client.reason(key=made.key) == ""
                    assert loop.time() - began < 3  # 0.25 on a machine with nothing else to do
                    await asyncio.gather(*(client.check(key=made.key) for _ in range(50)))
                    assert running.metric(GAUGE) == 0
                finally:
                    os.kill(valkey.process.pid, signal.SIGCONT)
                await until(lambda: running.metric(GAUGE) == 1, 10)


async def test_it_starts_without_valkey(postgres: Database, nats: Server, tmp_path: Path) -> None:
    """A Redis that was never there is no reason not to serve."""
    variables = process.environment(postgres, nats.url, "redis://127.0.0.1:1/0")
    with process.service(variables, tmp_path) as running:
        async with process.client(running) as client:
            made = await client.make_key("without")
            assert await client.reason(key=made.key) == ""
