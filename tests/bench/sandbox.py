"""What a job costs next to the bare process doing the same: `python -m tests.bench.sandbox`.

Both are measured in one run, in turns, so that a busy machine slows both.
"""

import argparse
import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.integration.executor.sandbox import leftovers
from tests.integration.executor.sandbox.hosts import Sandbox, open_host
from tests.integration.executor.sandbox.programs import LIMITS, command, ran

from ignis.executor.models import Program, Step

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_CPUS = len(os.sched_getaffinity(0))
_PATH = "/usr/local/bin:/usr/bin:/bin"


class Hello(NamedTuple):
    """A program that says hello: what it needs, its file, and its commands."""

    needs: str
    file: str
    source: str
    run: tuple[str, ...]
    compile: tuple[str, ...] = ()


HELLOS = {
    "true": Hello("true", "x", "", ("true",)),
    "python": Hello("python3", "main.py", "print('hello')\n", ("python3", "main.py")),
    "bash": Hello("bash", "main.sh", "echo hello\n", ("bash", "main.sh")),
    "node": Hello("node", "main.js", "console.log('hello')\n", ("node", "main.js")),
    "c": Hello(
        "gcc",
        "main.c",
        '#include <stdio.h>\nint main(void) { puts("hello"); }\n',
        ("./main",),
        ("gcc", "-o", "main", "main.c"),
    ),
}


class Figures(NamedTuple):
    """Wall milliseconds of each, CPU milliseconds per one, and how many a second at full load."""

    walls: list[float]
    cpu_ms: float
    rate: float


def program(hello: Hello) -> Program:
    """Return the job that says hello."""
    compiled_by = Step(hello.compile, {}, LIMITS) if hello.compile else None
    files = {hello.file: hello.source.encode()}
    return command(*hello.run, files=files, compiled_by=compiled_by)


def bare(hello: Hello) -> None:
    """Say hello without any sandbox, in a new folder, as a job would."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / hello.file).write_text(hello.source)
        for argv in filter(None, (hello.compile, hello.run)):
            subprocess.run(argv, cwd=folder, env={"PATH": _PATH}, capture_output=True, check=True)


async def job(host: Sandbox, what: Program) -> None:
    """Say hello in a sandbox."""
    outcome = ran(await host.run(what))
    assert outcome.exit_code == 0, outcome


def own_ms() -> float:
    """Return the CPU milliseconds of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) * 1e3


def below_ms() -> float:
    """Return those of the processes below, with their own children that have ended."""
    ticks = 0
    for pid in leftovers.children(os.getpid()):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, stat[11:15]))
    return ticks * _TICK_MS


async def timed(what: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Return the wall and CPU milliseconds of one; CPU of this process's side alone."""
    cpu, begun = own_ms(), time.perf_counter()
    await what()
    return (time.perf_counter() - begun) * 1e3, own_ms() - cpu


async def rate(what: Callable[[], Awaitable[None]], seconds: float) -> float:
    """Return how many a second, with one more at once than there are CPUs."""
    done = 0
    begun = time.perf_counter()

    async def loop() -> None:
        nonlocal done
        while time.perf_counter() < begun + seconds:
            await what()
            done += 1

    await asyncio.gather(*(loop() for _ in range(_CPUS + 1)))
    return done / (time.perf_counter() - begun)


async def compare(host: Sandbox, hello: Hello, count: int, seconds: float) -> list[Figures]:
    """Return the figures of the bare process and of the job."""
    what = program(hello)
    loop = asyncio.get_running_loop()
    pairs: list[tuple[tuple[float, float], tuple[float, float]]] = []
    before = below_ms()
    for _ in range(count):
        outside = await timed(partial(asyncio.to_thread, bare, hello))
        pairs.append((outside, await timed(partial(job, host, what))))
        await asyncio.sleep(0.03)  # jobs come one by one: the pool has time to fill again
    below = (below_ms() - before) / count
    with ThreadPoolExecutor(_CPUS + 1) as threads:
        bare_rate = await rate(lambda: loop.run_in_executor(threads, bare, hello), seconds)
    job_rate = await rate(partial(job, host, what), seconds)
    (bare_walls, bare_cpu), (job_walls, job_cpu) = (
        ([one[side][0] for one in pairs], statistics.mean(one[side][1] for one in pairs))
        for side in (0, 1)
    )
    return [
        Figures(bare_walls, bare_cpu, bare_rate),
        Figures(job_walls, job_cpu + below, job_rate),
    ]


def line(name: str, side: str, figures: Figures, to: Figures) -> str:
    """Return one line of the table, with what it is to the bare process."""
    p50, p99 = (statistics.quantiles(figures.walls, n=100)[at] for at in (49, 98))
    base = statistics.median(to.walls)
    return (
        f"{name:8}{side:6}{p50:8.1f}{p99:8.1f}{p50 / base:7.2f}{p50 - base:+8.1f}"
        f"{figures.cpu_ms:8.1f}{figures.cpu_ms / to.cpu_ms:7.2f}"
        f"{figures.rate:8.0f}{figures.rate / to.rate:7.2f}"
    )


async def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=("own", "ordinary"), default="own")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("names", nargs="*", default=list(HELLOS))
    options = parser.parse_args()
    host = await open_host(options.mode)
    print("program side     p50     p99  ratio    more  CPU ms  ratio    1/s  ratio")  # noqa: T201 - a report
    for name in options.names:
        if not shutil.which(HELLOS[name].needs, path=_PATH):
            continue
        outside, inside = await compare(host, HELLOS[name], options.count, options.seconds)
        print(line(name, "bare", outside, outside))  # noqa: T201 - a report
        print(line(name, "job", inside, outside), flush=True)  # noqa: T201 - a report
    await host.close()


if __name__ == "__main__":
    asyncio.run(main())
