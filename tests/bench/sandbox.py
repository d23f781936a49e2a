"""What a job costs next to the bare process doing the same: `python -m tests.bench.sandbox`.

A job is measured from its arrival at the executor to its result. Both are
measured in one run, in turns, so that a busy machine slows both. CPU is that of
the whole machine at full load, the kernel's and the engine's work included:
what else runs there makes both figures larger.
"""

# T201: figures on the terminal are what this is for.
# ruff: noqa: T201

import argparse
import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from tests.integration.executor.sandbox import engines
from tests.integration.executor.sandbox.programs import LIMITS

from ignis.executor import wiring
from ignis.executor.commands import fill
from ignis.executor.models import Job, ProgramFile, Verdict
from ignis.executor.service import Executor
from ignis.executor.settings import ExecutorSettings
from ignis.executor.toolchains import Toolchain
from ignis.executor.warmth import full
from ignis.local import binaries
from ignis.server.metrics import Metrics

Driver = Literal["namespace", "docker"]
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_CPUS = len(os.sched_getaffinity(0))
_DATA = Path(tempfile.gettempdir()) / "ignis-bench"  # caches of toolchains, kept for the next run
_BUSY = (0, 1, 2, 5, 6)  # user, nice, system, irq and softirq in /proc/stat
_PAUSE_SECONDS = 0.03  # jobs come one by one: the pool has time to fill again


class Load(NamedTuple):
    """How many a second at full load, and the machine's CPU milliseconds for each."""

    rate: float
    cpu_ms: float


class Pair(NamedTuple):
    """One language: wall milliseconds of the bare process and of the job, and both loads."""

    bare: list[float]
    job: list[float]
    bare_load: Load
    job_load: Load


def bare(toolchain: Toolchain) -> None:
    """Compile and run a language's test program without any sandbox, in a new folder."""
    language = toolchain.language
    commands = (language.compile.command if language.compile else (), language.run.command)
    env = toolchain.env(toolchain.cache.source if toolchain.cache else None)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / language.file).write_text(language.test.code)
        for command in filter(None, commands):
            argv = fill(command, language.file, f"{folder}/.program", [f"./{language.file}"])
            subprocess.run(
                argv, cwd=folder, env={"HOME": folder, **env}, capture_output=True, check=True
            )


async def job(executor: Executor, toolchain: Toolchain) -> None:
    """Do the same as a job."""
    language = toolchain.language
    report = await executor.execute(
        Job(
            job_id="job",
            owner="bench",
            language=language.id,
            language_version="",
            files=(ProgramFile(language.file, language.test.code.encode()),),
            stdin=b"",
            args=(),
            env={},
            compile_args=(),
            limits=LIMITS,
            labels={},
            created_at=datetime.now(UTC),
        )
    )
    assert report.verdict is Verdict.ACCEPTED, report


def busy_ms() -> float:
    """Return the CPU milliseconds that this machine has worked so far."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return sum(int(fields[index]) for index in _BUSY) * _TICK_MS


async def wall_ms(what: Callable[[], Awaitable[None]]) -> float:
    """Return the wall milliseconds of one."""
    begun = time.perf_counter()
    await what()
    return (time.perf_counter() - begun) * 1e3


async def load(what: Callable[[], Awaitable[None]], seconds: float) -> Load:
    """Return what full load gives, with one more at once than there are CPUs."""
    done = 0
    busy, begun = busy_ms(), time.perf_counter()

    async def loop() -> None:
        nonlocal done
        while time.perf_counter() < begun + seconds:
            await what()
            done += 1

    await asyncio.gather(*(loop() for _ in range(_CPUS + 1)))
    return Load(done / (time.perf_counter() - begun), (busy_ms() - busy) / done)


async def compare(executor: Executor, toolchain: Toolchain, count: int, seconds: float) -> Pair:
    """Measure one language both ways."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(_CPUS + 1) as threads:

        async def outside() -> None:
            await loop.run_in_executor(threads, bare, toolchain)

        inside = partial(job, executor, toolchain)
        await outside()
        await inside()
        walls = []
        for _ in range(count):
            walls.append((await wall_ms(outside), await wall_ms(inside)))
            await asyncio.sleep(_PAUSE_SECONDS)
        loads = await load(outside, seconds), await load(inside, seconds)
    return Pair([one[0] for one in walls], [one[1] for one in walls], *loads)


def lines(name: str, pair: Pair) -> str:
    """Return the two lines of a language, the job's with what it is to the bare process."""
    text = ""
    base = statistics.median(pair.bare)
    for side, walls, at_load in (
        ("bare", pair.bare, pair.bare_load),
        ("job", pair.job, pair.job_load),
    ):
        p50, p99 = (statistics.quantiles(walls, n=100)[at] for at in (49, 98))
        text += (
            f"{name:12}{side:5}{p50:8.1f}{p99:8.1f}{p50 / base:7.2f}{p50 - base:+8.1f}"
            f"{at_load.cpu_ms:8.1f}{at_load.cpu_ms / pair.bare_load.cpu_ms:7.2f}"
            f"{at_load.rate:8.0f}{at_load.rate / pair.bare_load.rate:7.2f}\n"
        )
    return text


@asynccontextmanager
async def open_executor(
    driver: Driver, *, cached: bool
) -> AsyncIterator[tuple[Executor, Mapping[str, Toolchain]]]:
    """Open an executor as the service does, and the toolchains of this machine."""
    settings = ExecutorSettings.model_validate(
        {
            "ignis_sandbox": driver,
            "sandbox_image": engines.IMAGE,
            "ignis_allow_old_runc": True,
            "executor_data_dir": _DATA,
            "executor_toolchain_path": str(binaries.find().go),
        }
    )
    host = await wiring.toolchains(settings.model_copy(update={"ignis_sandbox": "namespace"}))
    for toolchain in host.values():
        await full(toolchain)
    found = host if driver == "namespace" else {}
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(wiring.sandbox(settings, found))
        visible = await wiring.visible(settings, sandbox, found)
        runs = wiring.caching(settings, sandbox, Metrics("bench")) if cached else None
        executor, offered = await wiring.proven(settings, sandbox, visible, runs)
        yield executor, {name: one for name, one in host.items() if name in offered}


async def main() -> None:
    """Print a table for each driver."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driver", choices=("namespace", "docker"), action="append")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--cached", action="store_true", help="keep compiled programs")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    for driver in options.driver or ("namespace", "docker"):
        print(f"{driver:12}side     p50     p99  ratio    more  CPU ms  ratio     1/s  ratio")
        async with open_executor(driver, cached=options.cached) as (executor, found):
            for name, toolchain in found.items():
                if not options.names or name in options.names:
                    pair = await compare(executor, toolchain, options.count, options.seconds)
                    print(lines(name, pair), end="", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
