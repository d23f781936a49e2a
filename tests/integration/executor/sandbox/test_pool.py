"""Sandboxes wait for jobs, serve one, and are replaced; those that wait hold nothing."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from tests.integration.executor.sandbox import leftovers
from tests.integration.executor.sandbox.programs import command, limits, python, ran
from tests.waiting import until

from ignis.executor.models import Outcome
from ignis.executor.sandbox import Sandbox, open_sandbox
from ignis.executor.sandbox.errors import SandboxError

pytestmark = pytest.mark.alone

SLOTS = 2
WARM = SLOTS + 1
CANARY = "canary-" + "of-a-job"  # in two parts: this file's own bytes don't count
WRITABLE = "rw"
UNIFIED = Path("/sys/fs/cgroup/cgroup.controllers").exists()
HELD = 2  # the fork server's channel and process
HELD_EACH = 8  # a waiting sandbox's channel, its tmpfs, and the limits of two cgroups


def ours() -> int:
    """Return this process."""
    return os.getpid()


async def test_refilled() -> None:
    """As many wait as can run, and one more; a job takes one, and another is made."""
    host = await open_sandbox(slots=SLOTS)
    await leftovers.until_settled(ours(), WARM)
    first = leftovers.runners(ours())
    for _ in range(3 * WARM):  # they are taken in the order in which they were finished
        await host.run(command("true"))
    await leftovers.until_settled(ours(), WARM)

    assert set() == first & leftovers.runners(ours())
    await host.close()


async def test_waits_finished() -> None:
    """A job is the first and only one in a sandbox that stood before the job arrived."""
    host = await open_sandbox(slots=1)
    await leftovers.until_settled(ours(), 2)
    waiting = {_namespace(pid) for pid in leftovers.runners(ours())}
    used = ran(await host.run(command("readlink", "/proc/self/ns/pid"))).stdout.decode().strip()
    await host.close()

    assert used in waiting


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user may have no cgroups")
async def test_waits_joined() -> None:
    """In v2 a job's first process waits in its cgroup: joining isn't the job's time.

    In v1 nobody waits in a cgroup: its limit could not be set below what it holds.
    """
    waiting = 1 if UNIFIED else 0
    host = await open_sandbox(slots=1)
    try:
        await leftovers.until_settled(ours(), 2)
        await until(lambda: [waiting] * 2 == [min(map(len, held)) for held in _held("first")])
        joined = {pid for held in _held("first") for pids in held for pid in pids}
        below = leftovers.children(ours())
        second = _held("second")
    finally:
        await host.close()

    assert joined <= below
    assert {frozenset()} == {frozenset(pids) for held in second for pids in held}


async def test_never_shared() -> None:
    """Nothing that a job leaves is there for the next, and jobs at once share no namespace."""
    host = await open_sandbox(slots=SLOTS)
    leave = (
        "ls /tmp /dev/shm /box; ipcs -m | grep -c ^0x; "
        "touch /tmp/left /dev/shm/left /box/left; ipcmk -M 4096 >/dev/null; sleep 60 &"
    )
    said = [ran(await host.run(command("sh", "-c", leave))).stdout for _ in range(2 * WARM)]
    look = "readlink /proc/self/ns/pid /proc/self/ns/net /proc/self/ns/mnt /proc/self/ns/ipc"
    both = await asyncio.gather(
        *(host.run(command("sh", "-c", f"{look}; sleep 0.5")) for _ in range(SLOTS))
    )
    await host.close()

    spaces = [line for outcome in both for line in ran(outcome).stdout.split()]
    assert {b"/box:\n\n/dev/shm:\n\n/tmp:\n0\n"} == set(said)
    assert 4 * SLOTS == len(set(spaces))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can read a runner's memory")
async def test_nothing_of_earlier_jobs() -> None:
    """No sandbox that waits, nor what makes them, has a byte of any job in its memory."""
    host = await open_sandbox(slots=SLOTS)
    job = python(
        "print(input())",
        CANARY,
        stdin=CANARY.encode(),
        env={"SECRET": CANARY},
        files={CANARY: CANARY.encode()},
    )
    for _ in range(2 * WARM):
        assert CANARY.encode() in ran(await host.run(job)).stdout
    await leftovers.until_settled(ours(), WARM)
    below = leftovers.children(ours())
    found = {pid for pid in below if CANARY.encode() in _memory(pid)}
    sizes = [len(_memory(pid)) for pid in below]
    await host.close()

    assert set() == found
    assert 2 * WARM + 2 == len(sizes)  # a runner and the first process of its step in each
    assert min(sizes) > 0


async def test_replaced() -> None:
    """One that dies while it waits is replaced, and no job notices."""
    host = await open_sandbox(slots=1)
    await leftovers.until_settled(ours(), 2)
    waiting = leftovers.runners(ours())
    for pid in waiting:
        os.kill(pid, signal.SIGKILL)
    assert set() == await leftovers.until_gone(waiting)
    result = ran(await host.run(command("echo", "fine")))
    await leftovers.until_settled(ours(), 2)
    await host.close()

    assert b"fine\n" == result.stdout


async def test_dead_fork_server() -> None:
    """When a fork server dies those that wait die too, and the next job has a new one."""
    host = await open_sandbox(slots=SLOTS)
    await leftovers.until_settled(ours(), WARM)
    waiting = leftovers.runners(ours())
    everything = leftovers.children(ours())
    os.kill(leftovers.parent(min(waiting)), signal.SIGKILL)

    assert set() == await leftovers.until_gone(waiting)
    assert b"again\n" == ran(await _until_run(host)).stdout
    assert set() == everything & leftovers.children(ours())
    await leftovers.until_settled(ours(), WARM)
    await host.close()
    assert set() == leftovers.cgroups(ours())


async def test_close_while_filling() -> None:
    """Closing or giving up while sandboxes are being made leaves nothing."""
    before = (leftovers.mounts(), leftovers.children(ours()))
    held = leftovers.descriptors()
    for pause in range(0, 300, 30):
        opening = asyncio.create_task(open_sandbox(slots=SLOTS))
        await asyncio.wait([opening], timeout=pause / 1000)
        if not opening.done():
            opening.cancel()
            await asyncio.wait([opening])
        if not opening.cancelled():
            await opening.result().close()

    assert set() == leftovers.cgroups(ours())
    assert before == (leftovers.mounts(), leftovers.children(ours()))
    assert held == leftovers.descriptors()


async def test_cancel_in_every_phase() -> None:
    """Jobs cancelled while they wait, begin, run or end take nothing with them."""
    held = leftovers.descriptors()
    host = await open_sandbox(slots=SLOTS)
    job = python("import sys; print(len(sys.stdin.read()))", stdin=bytes(1 << 20))
    for pause in range(40):
        tasks = [asyncio.create_task(host.run(job)) for _ in range(2 * WARM)]
        await asyncio.sleep(pause / 1000)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    await leftovers.until_settled(ours(), WARM)

    assert leftovers.descriptors() - held <= HELD + WARM * HELD_EACH
    assert b"ok\n" == ran(await host.run(command("echo", "ok"))).stdout
    await host.close()
    assert held == leftovers.descriptors()


async def test_limits_of_each_job() -> None:
    """Each job has the file size that it asks for, whatever the one before it had."""
    host = await open_sandbox(slots=1)
    sizes = [1 << 20, 64 << 20, 4096, 3 << 20]
    shown = []
    for size in sizes:
        job = command("stat", "-fc", "%b %S", "/box", within=limits(file_bytes=size))
        blocks, unit = ran(await host.run(job)).stdout.split()
        shown.append(int(blocks) * int(unit))
    await host.close()

    assert sizes == shown


async def _until_run(host: Sandbox) -> Outcome:
    """Run a job; the death of its fork server may be heard of a moment late."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await host.run(command("echo", "again"))
            except SandboxError:
                await asyncio.sleep(0.01)


def _held(step: str) -> list[list[list[int]]]:
    """Return, per waiting sandbox, the processes in each cgroup of a step: v1 has several."""
    found: dict[str, list[list[int]]] = {}
    for path in leftovers.cgroups(ours()):
        number, _, name = Path(path).name.partition("-")
        if name == step:
            pids = Path(path, "cgroup.procs").read_text().split()
            found.setdefault(number, []).append([int(pid) for pid in pids])
    return list(found.values())


def _namespace(pid: int) -> str:
    return str(Path(f"/proc/{pid}/ns/pid").readlink())


def _memory(pid: int) -> bytes:
    found = b""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            where, mode, *_ = line.split()
            if mode.startswith(WRITABLE):
                begin, end = (int(part, 16) for part in where.split("-"))
                memory.seek(begin)
                found += memory.read(end - begin)
    return found
