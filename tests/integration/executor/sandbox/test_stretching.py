"""No trick stretches a limit: not of signals, processes, pipes, descriptors, or clocks.

Each program tries something of its own, and then goes on for ever in one of
two ways: it waits, or it computes.
"""

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import command, limits, python, ran

from ignis.executor.models import Limit, Step

pytestmark = pytest.mark.asyncio(loop_scope="module")

WALL_MS = (300, 1200, 5000)  # the first in which a program gets as far as its trick
CPU_MS = 250
# What a machine that does much else may need on top, to see a limit and to end a program.
SPARE_MS = 2000
HEAD = "import os, signal, sys, time\nprint('begun', flush=True)\n"
WAIT = "while True: time.sleep(60)"
COMPUTE = "while True: pass"
DEAF = "for s in set(range(1, 65)) - {9, 19, 32, 33}: signal.signal(s, signal.SIG_IGN)\n"
TRICKS = {
    "ignores every signal": DEAF,
    "blocks every signal": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n",
    "closes its output": "os.close(1); os.close(2)\n",
    "closes all that it has": "os.closerange(0, 1024)\n",
    "leaves its session": "if os.fork(): os.wait()\nos.setsid()\n",
    "forks twice": "if os.fork() == 0:\n if os.fork(): os._exit(0)\n",
    "stops its child": "pid = os.fork()\nif pid: os.kill(pid, 19)\n",
    "has many process groups": (
        "for _ in range(5):\n if os.fork() == 0: os.setpgid(0, 0); break\n"
    ),
    "moves its clock": (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "for t in (0, 1): libc.clock_settime(t, (ctypes.c_long * 2)(1, 0))\n"
        "try: time.clock_settime(time.CLOCK_REALTIME, 1)\nexcept OSError: pass\n"
    ),
    "asks for the best priority": (
        "for n in (-20, 19):\n try: os.nice(n)\n except OSError: pass\n"
        "try: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))\nexcept OSError: pass\n"
        "try: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nexcept OSError: pass\n"
    ),
    "raises its own limits": (
        "import resource\nfor r in (resource.RLIMIT_CPU, resource.RLIMIT_NOFILE):\n"
        " try: resource.setrlimit(r, (-1, -1))\n except (OSError, ValueError): pass\n"
    ),
    "has timers of its own": (
        "signal.signal(signal.SIGALRM, lambda *_: None)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\n"
    ),
}


@pytest.mark.parametrize("trick", TRICKS)
async def test_wall_time_holds(sandbox: Sandbox, trick: str) -> None:
    """A program that waits ends at its wall limit, whatever it did before."""
    for wall_ms in WALL_MS:
        within = limits(wall_time_ms=wall_ms)
        result = ran(await sandbox.run(python(HEAD + TRICKS[trick] + WAIT, within=within)))

        assert (Limit.WALL_TIME, 9) == (result.limit, result.signal)
        assert wall_ms <= result.wall_time_ms < wall_ms + SPARE_MS
        if result.stdout:
            break
    assert b"begun\n" == result.stdout


@pytest.mark.parametrize("trick", TRICKS)
async def test_cpu_time_holds(sandbox: Sandbox, trick: str) -> None:
    """A program that computes ends at its CPU limit, whatever it did before."""
    within = limits(cpu_time_ms=CPU_MS, wall_time_ms=60_000)
    result = ran(await sandbox.run(python(HEAD + TRICKS[trick] + COMPUTE, within=within)))

    assert (Limit.CPU_TIME, 9, b"begun\n") == (result.limit, result.signal, result.stdout)
    assert CPU_MS <= result.cpu_time_ms < 3 * CPU_MS


async def test_a_program_that_stops_itself(sandbox: Sandbox) -> None:
    """SIGSTOP stops a program, and no clock."""
    within = limits(wall_time_ms=500)
    code = f"{HEAD}os.kill(os.getpid(), signal.SIGSTOP)"
    result = ran(await sandbox.run(python(code, within=within)))

    assert (Limit.WALL_TIME, 9) == (result.limit, result.signal)
    assert 500 <= result.wall_time_ms < 500 + SPARE_MS


@pytest.mark.parametrize("how", ["time.sleep(60)", "while True: pass", "os.kill(os.getpid(), 19)"])
async def test_a_daemon_that_holds_the_pipes(sandbox: Sandbox, how: str) -> None:
    """What a program leaves behind ends with it, and is not waited for."""
    code = (
        f"{HEAD}if os.fork() == 0:\n os.setsid()\n if os.fork(): os._exit(0)\n"
        f" {DEAF.replace(chr(10), chr(10) + ' ')}{how}\nos.wait()\nprint('ended')"
    )
    result = ran(await sandbox.run(python(code, within=limits(wall_time_ms=20_000))))

    assert (b"begun\nended\n", 0, None) == (result.stdout, result.exit_code, result.limit)
    assert result.wall_time_ms < 10_000


async def test_a_daemon_of_the_compile_step(sandbox: Sandbox) -> None:
    """What the compile step leaves behind is gone before the program runs."""
    leave = Step(
        ("sh", "-c", "setsid sleep 60 & setsid sh -c 'while :; do :; done' &"), {}, limits()
    )
    look = (
        "import os\nfound = 0\nfor p in os.listdir('/proc'):\n"
        " if p.isdigit() and p not in ('1', str(os.getpid())): found += 1\nprint(found)"
    )
    program = command("python3", "-c", look, compiled_by=leave)

    assert b"0\n" == ran(await sandbox.run(program)).stdout


async def test_cpu_time_of_those_who_left(sandbox: Sandbox, mode: str) -> None:
    """What orphans compute counts, also when the first process only waits."""
    code = (
        f"{HEAD}for _ in range(3):\n if os.fork() == 0:\n  os.setsid()\n"
        "  if os.fork(): os._exit(0)\n  while True: pass\n os.wait()\ntime.sleep(60)"
    )
    within = limits(cpu_time_ms=CPU_MS, wall_time_ms=60_000)
    result = ran(await sandbox.run(python(code, within=within)))

    assert Limit.CPU_TIME is result.limit, mode
    assert CPU_MS <= result.cpu_time_ms < 3 * CPU_MS


async def test_figures_are_of_the_program_alone(sandbox: Sandbox) -> None:
    """What the runner itself does for a program isn't counted: reading, writing, waiting."""
    data = bytes(1024 * 1024)
    within = limits(output_bytes=1024 * 1024)
    files = {f"{number}": data for number in range(8)}
    quiet = ran(await sandbox.run(command("sleep", "0.2")))
    served = ran(await sandbox.run(command("sleep", "0.2", files=files, stdin=data, within=within)))

    for result in (quiet, served):
        assert 100 < result.wall_time_ms < 200 + SPARE_MS  # its clock may begin a little late
        assert result.cpu_time_ms < 60
        assert 0 < result.memory_kb < 4 * 1024


async def test_memory_is_what_was_taken(sandbox: Sandbox) -> None:
    """The peak is that of all processes together, with what their runtime takes, and no more."""
    code = "import time\nx = bytearray(64 << 20)\ndel x\ntime.sleep(0.1)"
    both = "import os\nif os.fork() == 0: x = bytearray(24 << 20)\nelse: y = bytearray(40 << 20)\n"
    held = "import time; time.sleep(0.5)"
    for text in (code, both + held):
        result = ran(await sandbox.run(python(text)))

        assert 64 * 1024 <= result.memory_kb < (64 + 16) * 1024


async def test_a_kill_is_no_limit(sandbox: Sandbox) -> None:
    """A program that is killed while it holds much, but not too much, was not out of memory."""
    code = (
        "import os, signal\nx = bytearray(40 << 20)\n"
        "if os.fork() == 0: os.kill(os.getppid(), signal.SIGKILL)\nsignal.pause()"
    )
    result = ran(await sandbox.run(python(code, within=limits(memory_kb=64 * 1024))))

    assert (9, None, None) == (result.signal, result.exit_code, result.limit)


async def test_open_files(sandbox: Sandbox) -> None:
    """A process has no more files open than its limit, and hands none of them on."""
    code = (
        "import os, resource\nkept = []\ntry:\n while True: kept.append(os.dup(0))\n"
        "except OSError as e: print(e.errno, max(kept) + 1, resource.getrlimit(7))\n"
        "try: resource.setrlimit(7, (500, 500))\nexcept (OSError, ValueError): print('refused')"
    )
    result = ran(await sandbox.run(python(code, within=limits(open_files=40))))

    assert b"24 40 (40, 40)\nrefused\n" == result.stdout


async def test_files_of_nobody(sandbox: Sandbox) -> None:
    """A program starts with its three pipes alone: nothing of the runner's leaks into it."""
    code = "import os; print(sorted(int(f) for f in os.listdir('/proc/self/fd')))"
    result = ran(await sandbox.run(python(code)))

    assert b"[0, 1, 2, 3]\n" == result.stdout  # the last is the folder that is read


@pytest.mark.parametrize(
    ("name", "least"),
    [
        *(("wall_time_ms", 1), ("cpu_time_ms", 1), ("memory_kb", 1024), ("processes", 1)),
        *(("output_bytes", 1), ("file_bytes", 1), ("open_files", 1)),
    ],
)
async def test_the_smallest_limits(sandbox: Sandbox, name: str, least: int) -> None:
    """As small as it can be, a limit ends the program or fails it, and breaks nothing."""
    code = (
        "import subprocess, time\nprint('one', flush=True)\nopen('f', 'w').write('xx')\n"
        "time.sleep(0.2)\nsubprocess.run(['sleep', '0.2'], check=True)"
    )
    result = ran(await sandbox.run(python(code, within=limits(**{name: least}))))

    assert (None, 0) != (result.limit, result.exit_code)
    assert b"next\n" == ran(await sandbox.run(command("echo", "next"))).stdout


async def test_less_memory_than_any_program_needs(sandbox: Sandbox) -> None:
    """Nothing breaks where even a process that isn't a program yet holds more."""
    for _ in range(3):
        result = ran(await sandbox.run(python("print(1)", within=limits(memory_kb=1))))

        assert (None, 0) != (result.limit, result.exit_code)
