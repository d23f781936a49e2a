"""Containers run side by side, end when they must, and leave nothing."""

import asyncio
import functools
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.integration.executor.sandbox import engines, leftovers
from tests.integration.executor.sandbox.programs import command, limits, python, ran
from tests.waiting import until

from ignis.executor.models import Limit, Mount
from ignis.executor.sandbox import Sandbox, open_sandbox
from ignis.executor.sandbox.docker import owner
from ignis.executor.sandbox.docker.driver import DockerSandbox
from ignis.executor.sandbox.errors import SandboxError

SLEEP = command(
    *("sh", "-c", "setsid sleep 60 & sleep 60"),
    within=limits(wall_time_ms=60_000),
)
SLOTS = 2


@pytest.fixture(name="engine")
def engine_fixture() -> Iterator[docker.APIClient]:
    """A client of the engine, to look at what the driver does."""
    engines.skip_without()
    engine = engines.client()
    yield engine
    engine.close()


@pytest.fixture(name="opened")
async def opened_fixture(engine: docker.APIClient) -> AsyncIterator[DockerSandbox]:
    """A sandbox of its own for one test."""
    assert engine.ping()
    sandbox = await DockerSandbox.open(slots=SLOTS, options=engines.OPTIONS)
    yield sandbox
    await sandbox.close()


def containers(engine: docker.APIClient, sandbox: DockerSandbox) -> list[dict[str, Any]]:
    """Return all containers of a sandbox."""
    label = f"{owner.EXECUTOR}={sandbox._labels[owner.EXECUTOR]}"
    found: list[dict[str, Any]] = engine.containers(all=True, filters={"label": label})
    return found


def running(engine: docker.APIClient, container: str) -> bool:
    """Return whether a container is there and runs."""
    try:
        state: bool = engine.inspect_container(container)["State"]["Running"]
    except docker.errors.NotFound:
        return False
    return state


def sleeps(engine: docker.APIClient, query: dict[str, str]) -> bool:
    """Return whether a `sleep 60` runs in one of the containers that are asked for."""
    return any(
        "sleep 60" in " ".join(process)
        for found in engine.containers(filters=query)
        for process in processes(engine, found["Id"])
    )


def processes(engine: docker.APIClient, container: str) -> list[list[str]]:
    """Return the processes of a container, none of one that has ended meanwhile."""
    try:
        found: list[list[str]] = engine.top(container)["Processes"] or []
    except docker.errors.APIError:
        return []
    return found


async def until_busy(engine: docker.APIClient, sandbox: DockerSandbox) -> str:
    """Wait until a `sleep 60` runs; returns its container."""
    query = {"label": f"{owner.EXECUTOR}={sandbox._labels[owner.EXECUTOR]}"}
    await until(lambda: sleeps(engine, query))
    return next(iter(sandbox._running))


async def test_side_by_side(opened: DockerSandbox) -> None:
    """As many programs as there are slots run at once; more of them wait."""
    begun = time.monotonic()
    outcomes = await asyncio.gather(*(opened.run(command("sleep", "1")) for _ in range(SLOTS + 1)))

    assert [0] * (SLOTS + 1) == [ran(outcome).exit_code for outcome in outcomes]
    assert 2.0 <= time.monotonic() - begun


async def test_own_output(opened: DockerSandbox) -> None:
    """Programs that run at once don't get each other's input or output."""
    inputs = [f"{number}".encode() * 1000 for number in range(8)]
    outcomes = await asyncio.gather(*(opened.run(command("cat", stdin=data)) for data in inputs))

    assert inputs == [ran(outcome).stdout for outcome in outcomes]


async def test_own_uids(opened: DockerSandbox) -> None:
    """Jobs that run at once have different users, who have a name, and no group of root's."""
    program = command("sh", "-c", "id -u; id -un; id -G; sleep 1")
    outcomes = await asyncio.gather(*(opened.run(program) for _ in range(SLOTS)))
    said = [ran(outcome).stdout.split() for outcome in outcomes]

    assert SLOTS == len({uid for uid, *_ in said})
    assert [[b"ignis", uid] for uid, *_ in said] == [rest for _, *rest in said]


async def test_cancel(engine: docker.APIClient, opened: DockerSandbox) -> None:
    """Cancelling ends every process of a job before it returns, and frees its slot."""
    task = asyncio.create_task(opened.run(SLEEP))
    busy = await until_busy(engine, opened)
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert not running(engine, busy)
    assert b"next\n" == ran(await opened.run(command("echo", "next"))).stdout


async def test_cancel_early(opened: DockerSandbox) -> None:
    """A cancellation at any moment of a job's start leaves a sandbox that works."""
    for pause in range(6):
        task = asyncio.create_task(opened.run(SLEEP))
        await asyncio.sleep(pause / 100)
        task.cancel()
        await asyncio.wait([task])
    larger = command("true", within=limits(processes=1000))
    task = asyncio.create_task(opened.run(larger))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait([task])

    assert b"ok\n" == ran(await opened.run(command("echo", "ok"))).stdout


async def test_nothing_is_left(engine: docker.APIClient) -> None:
    """After jobs and a close no container, image or descriptor remains."""
    assert engine.ping()  # the client opens its own connection now
    before = leftovers.descriptors()
    sandbox = await DockerSandbox.open(slots=SLOTS, options=engines.OPTIONS)
    escape = (
        "import os\nfor _ in range(9):\n"
        " if os.fork() == 0: os.setsid(); os.execlp('sleep', 'sleep', '60')"
    )
    await asyncio.gather(*(sandbox.run(python(escape)) for _ in range(4)))
    await sandbox.close()

    assert before == leftovers.descriptors()
    assert [] == containers(engine, sandbox)
    assert [] == engine.images(
        filters={"label": f"{owner.EXECUTOR}={sandbox._labels[owner.EXECUTOR]}"}
    )


async def test_bounded(engine: docker.APIClient, opened: DockerSandbox) -> None:
    """However many jobs wait, there are only so many containers."""
    tasks = [asyncio.create_task(opened.run(command("true"))) for _ in range(10)]
    most = 0
    while not all(task.done() for task in tasks):
        most = max(most, len(await asyncio.to_thread(containers, engine, opened)))
    await asyncio.gather(*tasks)

    assert most <= 4 * SLOTS


async def test_close_ends_jobs(engine: docker.APIClient) -> None:
    """Closing ends what runs; what is asked for afterwards is refused."""
    sandbox = await DockerSandbox.open(slots=SLOTS, options=engines.OPTIONS)
    task = asyncio.create_task(sandbox.run(SLEEP))
    await until_busy(engine, sandbox)
    await sandbox.close()

    with pytest.raises(SandboxError, match="closed"):
        await task
    with pytest.raises(SandboxError, match="closed"):
        await sandbox.run(SLEEP)
    assert [] == containers(engine, sandbox)


async def test_waiting_container_died(engine: docker.APIClient, opened: DockerSandbox) -> None:
    """A container that died while it waited fails no job."""
    (pool,) = opened._pools.values()
    pool.fill()
    for waiting in await asyncio.gather(*pool._waiting):
        engine.kill(waiting.id)
        await until(functools.partial(getattr, waiting.stream, "ended"))

    assert b"ok\n" == ran(await opened.run(command("echo", "ok"))).stdout


async def test_killed_container(engine: docker.APIClient, opened: DockerSandbox) -> None:
    """A container that somebody kills under its job is the sandbox's failure, not the program's."""
    task = asyncio.create_task(opened.run(SLEEP))
    engine.kill(await until_busy(engine, opened))

    with pytest.raises(SandboxError, match="without an outcome"):
        await task


async def test_other_memory(opened: DockerSandbox) -> None:
    """A job may have more memory than waiting containers have, or less, and no more than that."""
    code = "x = bytearray(400 << 20); print('ok')"
    more = ran(await opened.run(python(code, within=limits(memory_kb=600 * 1024))))
    usual = ran(await opened.run(python(code)))

    assert b"ok\n" == more.stdout
    assert Limit.MEMORY is usual.limit


async def test_larger_than_waiting(opened: DockerSandbox) -> None:
    """A job that no waiting container can hold gets one that is made for it."""
    within = limits(processes=400, file_bytes=300 << 20, memory_kb=700 * 1024)
    code = (
        "import os, time\n"
        "for _ in range(300):\n if os.fork() == 0: time.sleep(60)\n"
        "open('big', 'wb').write(bytes(280 << 20)); print('ok')"
    )
    result = ran(await opened.run(python(code, within=within)))

    assert (b"ok\n", None) == (result.stdout, result.limit)


async def test_dead_executor(engine: docker.APIClient) -> None:
    """When an executor is killed its containers end by themselves, and its image is swept."""
    code = (
        "import asyncio\nfrom ignis.executor.sandbox.docker.driver import DockerSandbox\n"
        "from tests.integration.executor.sandbox import engines\n"
        "from tests.integration.executor.sandbox.docker.test_containers import SLEEP\n"
        "async def main():\n"
        "  box = await DockerSandbox.open(slots=1, options=engines.OPTIONS)\n"
        "  print(box._labels['ignis.executor'], flush=True)\n"
        "  await box.run(SLEEP)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[5]
    executor = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        env={**os.environ, "PYTHONPATH": f"{root}:{root}/services"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert executor.stdout is not None
    try:
        mark = (await executor.stdout.readline()).decode().strip()
        query = {"label": f"{owner.EXECUTOR}={mark}"}
        await until(lambda: sleeps(engine, query))
    finally:
        executor.kill()
        await executor.wait()
    await until(lambda: not engine.containers(all=True, filters=query))
    await (await open_sandbox("docker", slots=1, docker=engines.OPTIONS)).close()

    assert [] == engine.images(filters=query)


async def test_sweep(engine: docker.APIClient) -> None:
    """A start removes a dead executor's containers, and leaves those of one that lives."""
    living = await DockerSandbox.open(slots=1, options=engines.OPTIONS)
    dead = {**owner.labels(), "ignis.process": "1:0"}
    made = engine.create_container(engines.IMAGE, ["sleep", "60"], labels=dead)["Id"]
    engine.start(made)
    await (await open_sandbox("docker", slots=1, docker=engines.OPTIONS)).close()

    assert not running(engine, made)
    assert b"ok\n" == ran(await living.run(command("echo", "ok"))).stdout
    await living.close()


async def test_settings_of_a_container(engine: docker.APIClient, opened: DockerSandbox) -> None:
    """A container has no network, no privilege, a read-only root, and limits of everything."""
    (pool,) = opened._pools.values()
    waiting = await pool.take()
    found = engine.inspect_container(waiting.id)
    host = found["HostConfig"]
    await opened._remove(waiting)

    assert ("none", True, "private", ["ALL"], ["SETUID", "SETGID", "KILL"]) == (
        host["NetworkMode"],
        host["ReadonlyRootfs"],
        host["IpcMode"],
        host["CapDrop"],
        [name.removeprefix("CAP_") for name in host["CapAdd"]],
    )
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert not host["Privileged"]
    assert not host["Binds"]
    assert (272 << 20, 272 << 20, 257, 2 * 10**9) == (
        host["Memory"],
        host["MemorySwap"],
        host["PidsLimit"],
        host["NanoCpus"],
    )
    assert {"/box", "/tmp", "/dev/shm"} == set(host["Tmpfs"])


async def test_info(engine: docker.APIClient, opened: DockerSandbox) -> None:
    """The info names the driver and the images that programs see."""
    info = opened.info()
    (image,) = engine.images(name=engines.IMAGE)

    assert ("docker", False) == (info.driver, info.weak_memory_limits)
    assert {engines.IMAGE: image["Id"]} == info.images


async def test_auto_falls_back(engine: docker.APIClient) -> None:
    """Where namespaces can't be had, auto takes docker; where it must be namespaces, it fails."""
    assert engine.ping()
    broken = (Mount(Path("/no/such/folder"), Path("/x")),)
    sandbox: Sandbox = await open_sandbox("auto", slots=1, mounts=broken, docker=engines.OPTIONS)
    driver = sandbox.info().driver
    await sandbox.close()

    assert "docker" == driver
    with pytest.raises(SandboxError, match="/no/such/folder"):
        await open_sandbox("namespace", slots=1, mounts=broken, docker=engines.OPTIONS)
