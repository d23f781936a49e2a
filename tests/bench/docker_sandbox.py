"""What a job in docker costs, next to a bare interpreter and to the engine itself.

`python tests/bench/docker_sandbox.py [jobs]`: prints milliseconds, rates and their ratios.
"""

# T201: figures on the terminal are what this is for.
# ruff: noqa: T201

import asyncio
import statistics
import sys
import time

from tests.integration.executor.sandbox import engines
from tests.integration.executor.sandbox.programs import command, python, ran

from ignis.executor.sandbox.docker import spec
from ignis.executor.sandbox.docker.driver import DockerSandbox

SLOTS = 2


async def calm(sandbox: DockerSandbox) -> None:
    """Wait until a container waits, and nothing is being made or removed."""
    (pool,) = sandbox._pools.values()
    await asyncio.gather(*pool._waiting)
    while sandbox._removals:
        await asyncio.wait(sandbox._removals)
    await asyncio.sleep(0.3)  # the engine itself is not done when it says so


async def bare(sandbox: DockerSandbox) -> float:
    """Milliseconds that this machine takes for an empty Python program."""
    await calm(sandbox)
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec("/usr/bin/python3", "-c", "pass")
    await process.wait()
    return (time.perf_counter() - begun) * 1e3


async def warm(sandbox: DockerSandbox) -> float:
    """Milliseconds of the same as a job."""
    await calm(sandbox)
    begun = time.perf_counter()
    assert ran(await sandbox.run(python("pass"))).exit_code == 0
    return (time.perf_counter() - begun) * 1e3


async def cancelled(sandbox: DockerSandbox) -> float:
    """Milliseconds from a cancellation to the end of the job's processes."""
    task = asyncio.create_task(sandbox.run(command("sleep", "60")))
    await asyncio.sleep(0.5)
    begun = time.perf_counter()
    task.cancel()
    await asyncio.wait([task])
    return (time.perf_counter() - begun) * 1e3


async def sustained(sandbox: DockerSandbox, jobs: int) -> float:
    """Jobs a second, with more of them waiting than there are slots."""
    begun = time.perf_counter()
    await asyncio.gather(*(sandbox.run(python("pass")) for _ in range(jobs)))
    return jobs / (time.perf_counter() - begun)


async def by_the_engine(sandbox: DockerSandbox, containers: int) -> float:
    """The same containers a second, created, started and removed, and nothing else."""
    engine = sandbox._engine
    (image,) = sandbox._pools
    wanted = spec.container(engine.client, engines.OPTIONS, image, sandbox._size, 0x7200_0000)

    async def chain(count: int) -> None:
        for _ in range(count):
            made = await engine.create(wanted, sandbox._labels)
            await engine.start(made)
            await engine.remove(made)

    begun = time.perf_counter()
    await asyncio.gather(*(chain(containers // SLOTS) for _ in range(SLOTS)))
    return containers / (time.perf_counter() - begun)


async def main(jobs: int) -> None:
    """Measure, one after the other in turns, so that a busy machine is busy for all."""
    sandbox = await DockerSandbox.open(slots=SLOTS, options=engines.OPTIONS)
    try:
        pairs = [(await bare(sandbox), await warm(sandbox)) for _ in range(jobs)]
        ends = [await cancelled(sandbox) for _ in range(5)]
        rates = [
            (await by_the_engine(sandbox, jobs), await sustained(sandbox, jobs)) for _ in range(3)
        ]
    finally:
        await sandbox.close()
    alone, inside = (sorted(column) for column in zip(*pairs, strict=True))
    print(f"bare python3 -c pass: median {statistics.median(alone):.1f} ms, least {alone[0]:.1f}")
    print(f"warm container: median {statistics.median(inside):.1f} ms, least {inside[0]:.1f}")
    print(f"cancelled in {statistics.median(ends):.0f} ms, at most {max(ends):.0f}")
    for engine, driver in rates:
        print(f"engine {engine:.2f}/s, driver {driver:.2f}/s, ratio {driver / engine:.2f}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
