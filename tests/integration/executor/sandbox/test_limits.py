"""Each limit ends a program, and is named."""

import signal

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import command, limits, python, ran

from ignis.executor.models import Limit

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_wall_time(sandbox: Sandbox) -> None:
    """A program that waits is ended at its wall limit."""
    result = ran(await sandbox.run(command("sleep", "60", within=limits(wall_time_ms=300))))

    assert (Limit.WALL_TIME, None, 9) == (result.limit, result.exit_code, result.signal)
    assert 300 <= result.wall_time_ms < 2000


async def test_cpu_time(sandbox: Sandbox) -> None:
    """A program that computes for ever is ended at its CPU limit."""
    within = limits(cpu_time_ms=300)
    result = ran(await sandbox.run(python("while True: pass", within=within)))

    assert (Limit.CPU_TIME, 9) == (result.limit, result.signal)
    assert 300 <= result.cpu_time_ms < 1000


async def test_cpu_time_of_all_processes(sandbox: Sandbox) -> None:
    """CPU time counts for all processes together, also for those in the background."""
    code = "import os\nfor _ in range(3): os.fork()\nwhile True: pass"
    result = ran(await sandbox.run(python(code, within=limits(cpu_time_ms=600))))

    assert Limit.CPU_TIME is result.limit
    assert 600 <= result.cpu_time_ms < 2500


async def test_short_processes_count(sandbox: Sandbox) -> None:
    """CPU time of processes that have ended counts too."""
    code = (
        "import os\nwhile True:\n if os.fork() == 0:\n  sum(range(300000)); os._exit(0)\n os.wait()"
    )
    result = ran(await sandbox.run(python(code, within=limits(cpu_time_ms=400))))

    assert Limit.CPU_TIME is result.limit


@pytest.mark.parametrize(
    "code",
    [
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        "import mmap\nm = mmap.mmap(-1, 1 << 30)\nfor i in range(0, 1 << 30, 4096): m[i] = 1",
        "import os, time\nfor _ in range(7): os.fork()\nx = bytearray(8 << 20)\ntime.sleep(5)",
    ],
    ids=["heap", "mmap", "many"],
)
async def test_memory(sandbox: Sandbox, code: str) -> None:
    """Memory over its limit ends the program, however it is taken."""
    within = limits(memory_kb=64 * 1024, processes=200, wall_time_ms=8000)
    result = ran(await sandbox.run(python(code, within=within)))

    assert Limit.MEMORY is result.limit
    assert result.memory_kb >= 16 * 1024  # what was seen last, where it is looked at now and then


async def test_memory_of_a_child(sandbox: Sandbox) -> None:
    """A child that takes too much is the program's failure."""
    code = (
        "import os, sys\nif os.fork() == 0:\n x = []\n while True: x.append(bytearray(1 << 20))\n"
        "sys.exit(os.waitstatus_to_exitcode(os.wait()[1]) != 0)"
    )
    result = ran(await sandbox.run(python(code, within=limits(memory_kb=64 * 1024))))

    assert Limit.MEMORY is result.limit


async def test_killed_by_itself(sandbox: Sandbox) -> None:
    """A program that kills itself with SIGKILL isn't taken for one out of memory."""
    code = "import os; x = bytearray(10 << 20); os.kill(os.getpid(), 9)"
    result = ran(await sandbox.run(python(code)))

    assert (9, None) == (result.signal, result.limit)


async def test_address_space_is_free(sandbox: Sandbox) -> None:
    """Reserving much more address space than memory is no offence."""
    flags = "mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000"  # MAP_NORESERVE
    code = f"import mmap; m = mmap.mmap(-1, 8 << 30, {flags}, 0); print('ok')"
    result = ran(await sandbox.run(python(code, within=limits(memory_kb=64 * 1024))))

    assert b"ok\n" == result.stdout


async def test_fork_bomb(sandbox: Sandbox, sharp: bool) -> None:
    """A fork bomb is contained; where a cgroup counts, the limit is named."""
    code = "import os\nwhile True: os.fork()"
    within = limits(processes=20, wall_time_ms=3000)
    result = ran(await sandbox.run(python(code, within=within)))

    assert 0 != result.exit_code
    if sharp:
        assert Limit.PROCESSES is result.limit


async def test_stubborn_fork_bomb(sandbox: Sandbox, sharp: bool) -> None:
    """One that goes on when forks are refused ends with its time, for its processes."""
    code = "import os\nwhile True:\n try: os.fork()\n except OSError: pass"
    within = limits(processes=20, wall_time_ms=1000)
    result = ran(await sandbox.run(python(code, within=within)))

    assert result.limit in {Limit.PROCESSES, Limit.WALL_TIME}
    if sharp:
        assert Limit.PROCESSES is result.limit


async def test_file_size(sandbox: Sandbox, mode: str) -> None:
    """All files together stay within their limit: of one file, of many, in any folder.

    One file system tells the program; where there are three, the program ends.
    """
    code = (
        "import os\nkept = []\ntry:\n for i in range(40):\n"
        "  f = os.open(('.', '/tmp', '/dev/shm')[i % 3] + f'/{i}', os.O_CREAT | os.O_WRONLY)\n"
        "  kept.append(os.write(f, bytes(1 << 20)))\n"
        "except OSError as e: print(sum(kept) >> 20, e.errno)"
    )
    within = limits(file_bytes=16 << 20, memory_kb=512 * 1024)
    result = ran(await sandbox.run(python(code, within=within)))

    if mode == "docker":
        assert (signal.SIGXFSZ, None) == (result.signal, result.exit_code)
    else:
        assert b"15 28\n" == result.stdout


async def test_stopped_program(sandbox: Sandbox) -> None:
    """A program that stops itself, ignores signals and hides is ended like any other."""
    code = (
        "import os, signal\n"
        "for s in set(range(1, 32)) - {9, 19}: signal.signal(s, signal.SIG_IGN)\n"
        "if os.fork() == 0: os.setsid()\nif os.fork() == 0: os.setsid()\nos.kill(os.getpid(), 19)"
    )
    result = ran(await sandbox.run(python(code, within=limits(wall_time_ms=500))))

    assert (Limit.WALL_TIME, 9) == (result.limit, result.signal)
    assert result.wall_time_ms < 3000


async def test_many_orphans(sandbox: Sandbox) -> None:
    """Orphans that ended are cleared away while the program runs, so they don't count."""
    code = (
        "import os\nfor _ in range(150):\n"
        " if os.fork() == 0:\n  if os.fork() == 0: os._exit(0)\n  os._exit(0)\n"
        " os.wait()\nprint('done')"
    )
    result = ran(await sandbox.run(python(code, within=limits(processes=40))))

    assert (b"done\n", 0) == (result.stdout, result.exit_code)
