"""The executor as a process: starts, gives back what it can't finish, ends."""

import signal
from pathlib import Path

from tests.integration import restartable
from tests.integration.executor.process import (
    PATIENCE,
    announced,
    end_of,
    is_taken,
    message,
    missing,
    post,
    python_only,
    ran,
    running,
)
from tests.servers import Server
from tests.waiting import until

from ignis.events import connection
from ignis.events.connection import Nats
from ignis.languages import loader

SLOW = "import time\ntime.sleep(6)\nprint('done')\n"
BRIEF = "import time\ntime.sleep(1)\nprint('done')\n"


async def test_sigterm_gives_a_running_job_to_another(
    tmp_path: Path, nats: Server, connected: Nats
) -> None:
    """A job that is not done in the grace period goes back at once, and another ends it."""
    env = python_only(tmp_path)
    job = message(SLOW)
    with running(tmp_path, nats.url, SHUTDOWN_GRACE="0.3", **env) as first:
        await first.becomes(200)
        await post(connected, job)
        await until(lambda: is_taken(connected, job.job_id))
        with running(tmp_path, nats.url, **env) as second:
            await second.becomes(200)
            first.process.send_signal(signal.SIGTERM)
            assert await first.ends(10) == 0, first.log.read_text()
            event = await end_of(connected, job.job_id)

    assert (2, "accepted", b"done\n") == (
        event.attempt,
        event.ended.verdict,
        event.ended.result.stdout,
    )


async def test_sigterm_lets_a_brief_job_finish(
    tmp_path: Path, nats: Server, connected: Nats
) -> None:
    """Within its grace period an executor ends what it runs, and takes nothing new."""
    with running(tmp_path, nats.url, **python_only(tmp_path)) as service:
        await service.becomes(200)
        job = message(BRIEF)
        await post(connected, job)
        await until(lambda: is_taken(connected, job.job_id))
        service.process.send_signal(signal.SIGTERM)
        await service.becomes(503)
        late = message(BRIEF)
        await post(connected, late)
        assert await service.ends(15) == 0
        event = await end_of(connected, job.job_id)

        assert (1, "accepted") == (event.attempt, event.ended.verdict)
        assert not await is_taken(connected, late.job_id)


async def test_a_stopping_executor_offers_nothing(
    tmp_path: Path, nats: Server, connected: Nats
) -> None:
    """At SIGTERM the announcement says that there are no places any more."""
    with running(tmp_path, nats.url, **python_only(tmp_path)) as service:
        await service.becomes(200)
        service.process.send_signal(signal.SIGTERM)
        assert await service.ends(15) == 0

    assert [executor.capacity for executor in await announced(connected)] == [0]


async def test_an_end_outlives_an_outage_of_nats(tmp_path: Path) -> None:
    """A job that ends while NATS is away is told when it is back, and not run again."""
    async with restartable.nats_server(tmp_path) as server:
        with running(tmp_path, server.url, **python_only(tmp_path)) as service:
            await service.becomes(200)
            async with connection.connect(server.url, "test") as linked:
                job = message(BRIEF)
                await post(linked, job)
                await until(lambda: is_taken(linked, job.job_id))
                await server.stop()
                await until(lambda: "an end can't be told yet" in service.log.read_text(), PATIENCE)
                await server.start()
                event = await end_of(linked, job.job_id)
                again = await ran(linked, message("print(1)"))

    assert (1, "accepted") == (event.attempt, event.ended.verdict)
    assert again.ended.verdict == "accepted"


def test_without_any_language_it_refuses_to_start(tmp_path: Path, nats: Server) -> None:
    """An executor in which no language works says so, and ends."""
    env = missing(tmp_path, loader.load())
    with running(tmp_path, nats.url, **env) as service:
        assert service.process.wait(30) == 1

    last = service.logged()[-1]
    assert ("cannot start", "NO_LANGUAGE") == (last["event"], last["reason"])


def test_a_sandbox_that_is_not_there_is_one_line(tmp_path: Path, nats: Server) -> None:
    """A driver that this machine lacks ends the start, and the message says what to do."""
    env = {**python_only(tmp_path), "IGNIS_SANDBOX": "docker"}
    with running(tmp_path, nats.url, **env) as service:
        assert service.process.wait(30) == 1

    last = service.logged()[-1]
    assert ("cannot start", "SANDBOX_UNAVAILABLE") == (last["event"], last["reason"])
