"""Accepted means that it will end, exactly once, whatever dies in between."""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import nats
import pytest
from tests.e2e.conftest import TIMEOUT, Running
from tests.e2e.jobs import EXECUTE
from tests.e2e.stack import own_stack
from tests.waiting import until

JOBS = 150
CODE = "import time; time.sleep(0.02); print({number})"
PATIENCE = 100.0  # seconds; a dead executor's jobs come again after 15 s


async def _flood(facts: dict[str, Any], accepted: dict[str, int], die_at: int, pid: int) -> None:
    """Submit jobs, note those that were accepted, and kill a process half-way."""
    numbers = iter(range(JOBS))

    async def submit(client: httpx.AsyncClient) -> None:
        for number in numbers:
            body = {"language": "python", "code": CODE.format(number=number)}
            try:
                answer = await client.post(EXECUTE, json=body)
            except httpx.TransportError:
                return  # the stack stops, as it says
            if answer.status_code == 201:
                accepted[answer.json()["data"]["job_id"]] = number
            else:
                assert answer.status_code == 503, answer.text
            if number == die_at:
                os.kill(pid, signal.SIGKILL)

    headers = {"x-api-key": facts["api_key"]}
    async with httpx.AsyncClient(
        base_url=facts["base_url"], headers=headers, timeout=TIMEOUT
    ) as client:
        await asyncio.gather(*(submit(client) for _ in range(8)))


async def _ends(nats_url: str) -> Counter[str]:
    """How many ends the stream has of each job."""
    client = await nats.connect(nats_url)
    info = await client.jetstream().stream_info("EVENTS", subjects_filter="events.*.end")
    await client.close()
    return Counter({name.split(".")[1]: n for name, n in (info.state.subjects or {}).items()})


@pytest.mark.parametrize("victim", ["executor", "job", "nats", "postgres"])
async def test_no_accepted_job_is_lost_or_ends_twice(
    stack: Running, tmp_path: Path, victim: str
) -> None:
    """A process is killed under load and the stack starts again: every job ends once, rightly."""
    env = {"EXECUTOR_DATA_DIR": str(stack.data / "executor")}
    accepted: dict[str, int] = {}
    with own_stack(tmp_path, env=env) as first:
        facts = first.ready()
        await _flood(facts, accepted, JOBS // 2, first.pids()[victim])
        assert victim in first.complaint()
    assert len(accepted) > JOBS // 3

    with own_stack(tmp_path, env=env) as second:
        facts = second.ready()
        database = await asyncpg.connect(
            facts["database_url"], server_settings={"search_path": "ignis"}
        )

        async def nothing_is_left() -> bool:
            # Also of jobs that were accepted just when nobody could be told any more.
            left: int = await database.fetchval("SELECT count(*) FROM queue")
            return left == 0

        await until(nothing_is_left, PATIENCE)
        rows = await database.fetch("SELECT job_id, status, verdict, stdout FROM jobs")
        await database.close()
        ends = await _ends(facts["nats_url"])
        assert second.stop() == 0, second.output
    stored = {row["job_id"]: row for row in rows}
    assert set(accepted) <= set(stored)
    for job_id, number in accepted.items():
        row = stored[job_id]
        assert (row["status"], row["verdict"]) == ("completed", "accepted"), row
        assert row["stdout"] == f"{number}\n".encode()
    assert set(accepted) <= set(ends)
    assert set(ends.values()) == {1}
