"""Sandboxes run side by side, end when they must, and leave nothing."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from tests.integration.executor.sandbox import leftovers
from tests.integration.executor.sandbox.hosts import (
    SLOTS,
    Sandbox,
    open_host,
    skip_unless_possible,
)
from tests.integration.executor.sandbox.ordinary import OrdinarySandbox
from tests.integration.executor.sandbox.programs import SLOWER, command, python, ran

from ignis.executor.sandbox import open_sandbox
from ignis.executor.sandbox.errors import SandboxError

pytestmark = pytest.mark.alone

SLEEP = command("sh", "-c", "setsid sleep 60 & sleep 60")


async def until_running(count: int) -> set[int]:
    """Wait until so many `sleep 60` run below this process; returns all of their sandboxes."""
    async with asyncio.timeout(10 * SLOWER):
        while True:
            below = leftovers.children(os.getpid())
            named = {pid for pid in below if _command(pid) == b"sleep\x0060\x00"}
            if len(named) >= count:
                return set().union(*map(leftovers.same_sandbox, named))
            await asyncio.sleep(0.01)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def test_side_by_side() -> None:
    """As many programs as there are slots run at once; more of them wait."""
    host = await open_sandbox(slots=SLOTS)
    begun = time.monotonic()
    outcomes = await asyncio.gather(*(host.run(command("sleep", "0.5")) for _ in range(SLOTS + 1)))
    took = time.monotonic() - begun
    await host.close()

    assert [0] * (SLOTS + 1) == [ran(outcome).exit_code for outcome in outcomes]
    assert 1.0 <= took < 0.5 * (SLOTS + 1)


async def test_own_output() -> None:
    """Programs that run at once don't get each other's input or output."""
    host = await open_sandbox(slots=SLOTS)
    inputs = [f"{number}".encode() * 1000 for number in range(20)]
    outcomes = await asyncio.gather(*(host.run(command("cat", stdin=data)) for data in inputs))
    await host.close()

    assert inputs == [ran(outcome).stdout for outcome in outcomes]


async def test_cancel() -> None:
    """Cancelling ends every process of a job at once, and frees its slot."""
    host = await open_sandbox(slots=1)
    task = asyncio.create_task(host.run(SLEEP))
    busy = await until_running(2)
    begun = time.monotonic()
    task.cancel()
    await asyncio.wait([task])
    took = time.monotonic() - begun

    assert task.cancelled()
    assert took < 1.0
    assert set() == await leftovers.until_gone(busy)
    assert b"next\n" == ran(await host.run(command("echo", "next"))).stdout
    await host.close()


async def test_cancel_early() -> None:
    """A cancellation at any moment of a job's start leaves a sandbox that works."""
    host = await open_sandbox(slots=2)
    for pause in range(12):
        task = asyncio.create_task(host.run(SLEEP))
        await asyncio.sleep(pause / 1000)
        task.cancel()
        await asyncio.wait([task])

    assert b"ok\n" == ran(await host.run(command("echo", "ok"))).stdout
    await leftovers.until_settled(os.getpid(), waiting=3)
    await host.close()


@pytest.mark.parametrize("mode", ["own", "ordinary"])
async def test_nothing_is_left(mode: str) -> None:
    """After many jobs and a close no process, cgroup, mount or descriptor remains."""
    skip_unless_possible(mode)
    before = (leftovers.mounts(), leftovers.descriptors())
    idle = leftovers.children(os.getpid())
    host = await open_host(mode)
    escape = (
        "import os\nfor _ in range(9):\n"
        " if os.fork() == 0: os.setsid(); os.execlp('sleep', 'sleep', '60')"
    )
    await asyncio.gather(*(host.run(python(escape)) for _ in range(12)))

    await leftovers.until_settled(_owner(host), waiting=SLOTS + 1)
    ours = leftovers.children(os.getpid()) - idle
    await host.close()
    assert set() == leftovers.cgroups(_owner(host))
    assert set() == leftovers.cgroups(os.getpid())
    assert before == (leftovers.mounts(), leftovers.descriptors())
    assert ours
    assert set() == await leftovers.until_gone(ours)


async def test_close_ends_jobs() -> None:
    """Closing ends what runs; what is asked for afterwards is refused."""
    host = await open_sandbox(slots=2)
    task = asyncio.create_task(host.run(SLEEP))
    busy = await until_running(2)
    await host.close()

    with pytest.raises(SandboxError):
        await task
    with pytest.raises(SandboxError, match="closed"):
        await host.run(SLEEP)
    assert set() == await leftovers.until_gone(busy)


async def test_dead_fork_server() -> None:
    """When a fork server is killed its jobs end with an error, and the next job has a new one."""
    host = await open_sandbox(slots=2)
    task = asyncio.create_task(host.run(SLEEP))
    busy = await until_running(2)
    server = fork_server(busy)
    everything = leftovers.children(server) | {server}
    os.kill(server, signal.SIGKILL)

    with pytest.raises(SandboxError):
        await task
    assert set() == await leftovers.until_gone(everything)
    assert b"again\n" == ran(await host.run(command("echo", "again"))).stdout
    await host.close()


def fork_server(sandboxed: set[int]) -> int:
    """Return the one that all processes of sandboxes descend from."""
    return next(up for pid in sandboxed if (up := leftovers.parent(pid)) not in sandboxed)


async def test_dead_executor() -> None:
    """When the executor is killed, its fork server, jobs and cgroups go with it."""
    code = (
        "import asyncio\nfrom ignis.executor.sandbox import open_sandbox\n"
        "from tests.integration.executor.sandbox.test_lifecycle import SLEEP\n"
        "async def main(): await (await open_sandbox(slots=1)).run(SLEEP)\n"
        "asyncio.run(main())\n"
    )
    env = {"PYTHONPATH": os.pathsep.join(sys.path)}
    executor = await asyncio.create_subprocess_exec(sys.executable, "-c", code, env=env)
    await until_running(2)
    everything = leftovers.children(executor.pid)
    executor.kill()
    await executor.wait()

    assert set() == await leftovers.until_gone(everything)
    assert set() == leftovers.cgroups(executor.pid)


def _owner(host: Sandbox) -> int:
    """Return the process that the sandboxes belong to."""
    return host.pid if isinstance(host, OrdinarySandbox) else os.getpid()
