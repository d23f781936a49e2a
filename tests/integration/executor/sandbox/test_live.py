"""Output comes while a program runs, and a program can be ended meanwhile."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.programs import command, limits, python, ran

from ignis.executor.live import Live
from ignis.executor.models import Limit, Limits, Outcome, Output, Program, Stage, Step, Stream

pytestmark = pytest.mark.asyncio(loop_scope="module")
MIB = 1024 * 1024
PROGRAMS = Path(__file__).parents[3] / "security" / "programs"
AT_ONCE = 0.2  # seconds, where the machine has time
TRIES = 10  # on a machine that does much else, until one has time


async def cancelled(
    sandbox: Sandbox, program: Program, when: Callable[[Output], bool] = lambda _: True
) -> tuple[Outcome, float]:
    """Run a program, cancel it at such an output; returns how many seconds it then took."""
    asked: list[float] = []

    def cancel(output: Output) -> None:
        if when(output):
            asked.append(time.monotonic())
            live.cancel()

    live = Live(cancel)
    async with asyncio.timeout(30):
        outcome = await sandbox.run(program, live)
    return outcome, time.monotonic() - asked[0]


def joined(pieces: list[Output], stream: Stream) -> bytes:
    """Put one stream together, whose pieces must fit."""
    found = b""
    for piece in pieces:
        if piece.stream is stream:
            assert len(found) == piece.offset
            found += piece.data
    return found


async def test_output_comes_early(sandbox: Sandbox) -> None:
    """The first output is there while the program still runs: this one is ended by it."""
    code = "import time\nprint('first', flush=True)\ntime.sleep(60)\nprint('second')"
    outcome, _ = await cancelled(sandbox, python(code, within=limits(wall_time_ms=60_000)))
    result = ran(outcome)

    assert (b"first\n", 9, None, None) == (
        result.stdout,
        result.signal,
        result.exit_code,
        result.limit,
    )


async def test_output_is_in_order(sandbox: Sandbox) -> None:
    """The pieces of each stream fit together, and are the beginning of the result."""
    pieces: list[Output] = []
    code = (
        "import os, time\nfor i in range(200):\n os.write(1, b'%d,' % i * 100)\n"
        " os.write(2, bytes([i]))\n if i % 20 == 0: time.sleep(0.02)"
    )
    within = limits(output_bytes=MIB)
    result = ran(await sandbox.run(python(code, within=within), Live(pieces.append)))

    assert b"".join(b"%d," % i * 100 for i in range(200)) == result.stdout
    assert bytes(range(200)) == result.stderr
    assert {Stage.RUN} == {piece.stage for piece in pieces}
    stdout, stderr = joined(pieces, Stream.STDOUT), joined(pieces, Stream.STDERR)
    assert stdout
    assert stderr
    assert result.stdout.startswith(stdout)
    assert result.stderr.startswith(stderr)


async def test_many_writes_make_few_pieces(sandbox: Sandbox) -> None:
    """Thousands of writes come in pieces of some milliseconds each, or of some KiB."""
    pieces: list[Output] = []
    code = "import os\nfor _ in range(20000): os.write(1, b'x'); os.write(2, b'y')"
    result = ran(await sandbox.run(python(code), Live(pieces.append)))

    assert (20_000, 20_000) == (len(result.stdout), len(result.stderr))
    assert len(pieces) <= 2 * (result.wall_time_ms / 50 + 40_000 / 16_384 + 2)


async def test_a_short_program_costs_nothing(sandbox: Sandbox) -> None:
    """A program that prints and ends sends its output once, with its outcome."""
    counts: list[int] = []
    while 0 not in counts and len(counts) < TRIES:
        pieces: list[Output] = []
        await sandbox.run(command("echo", "Hello, World!"), Live(pieces.append))
        counts.append(len(pieces))

    assert 0 == counts[-1]
    assert max(counts) <= 1


async def test_flood(sandbox: Sandbox) -> None:
    """A flood comes up to its limit, and not a byte further."""
    pieces: list[Output] = []
    program = python("while True: print('0123456789' * 100)", within=limits(output_bytes=100_001))
    result = ran(await sandbox.run(program, Live(pieces.append)))

    assert (Limit.OUTPUT, 100_001, True) == (
        result.limit,
        len(result.stdout),
        result.stdout_truncated,
    )
    assert result.stdout.startswith(joined(pieces, Stream.STDOUT))
    assert max(len(piece.data) for piece in pieces) <= 16_384


async def test_compile_output(sandbox: Sandbox) -> None:
    """What a compiler prints comes too, and is told from what the program prints."""
    pieces: list[Output] = []
    compiler = Step(("sh", "-c", "echo compiling >&2; sleep 0.3"), {}, limits())
    program = command("sh", "-c", "echo running; sleep 0.3", compiled_by=compiler)
    outcome = await sandbox.run(program, Live(pieces.append))

    assert [(Stage.COMPILE, Stream.STDERR), (Stage.RUN, Stream.STDOUT)] == [
        (piece.stage, piece.stream) for piece in pieces
    ]
    assert outcome.compile is not None
    assert (b"compiling\n", b"running\n") == (outcome.compile.stderr, ran(outcome).stdout)


async def test_a_slow_executor_stretches_nothing(sandbox: Sandbox, mode: str) -> None:
    """While nobody reads what a program prints, its limits hold, and nothing is lost."""
    if mode == "ordinary":
        pytest.skip("the executor that would be slow is another process")
    waited: list[float] = []

    def sleep(_: Output) -> None:
        if not waited:
            waited.append(2.0)
            time.sleep(2)  # the whole executor stands still

    code = "import os\nfor _ in range(900): os.write(1, b'z' * 1000)\nwhile True: pass"
    within = limits(wall_time_ms=700, output_bytes=MIB)
    result = ran(await sandbox.run(python(code, within=within), Live(sleep)))

    assert [2.0] == waited
    assert (Limit.WALL_TIME, b"z" * 900_000) == (result.limit, result.stdout)
    assert result.wall_time_ms < 1700


async def test_output_before_all_memory_is_gone(sandbox: Sandbox) -> None:
    """What was printed is kept also when memory takes the runner along."""
    code = "print('before', flush=True)\n" + (PROGRAMS / "starve_runner.py").read_text()
    within = limits(memory_kb=96 * 1024, processes=40)
    result = ran(await sandbox.run(python(code, within=within)))

    assert (Limit.MEMORY, b"before\n") == (result.limit, result.stdout)


HELD = {
    "sleeps": "time.sleep(60)",
    "is deaf, hidden and stopped": (
        "for s in set(range(1, 32)) - {9, 19}: signal.signal(s, signal.SIG_IGN)\n"
        "if os.fork() == 0: os.setsid()\nos.kill(os.getpid(), 19)"
    ),
    "takes all processors": "for _ in range(2): os.fork()\nwhile True: pass",
    "has closed its output": "os.close(1); os.close(2); time.sleep(60)",
}


@pytest.mark.parametrize("how", HELD)
async def test_cancel(sandbox: Sandbox, how: str) -> None:
    """A program is ended at once, whatever it does, and its output is kept."""
    code = f"import os, signal, time\nprint('so far', flush=True)\ntime.sleep(0.1)\n{HELD[how]}"
    for _ in range(TRIES):
        program = python(code, within=limits(wall_time_ms=60_000, cpu_time_ms=60_000))
        outcome, seconds = await cancelled(sandbox, program)
        result = ran(outcome)
        assert (b"so far\n", 9, None) == (result.stdout, result.signal, result.limit)
        measured = result.cpu_time_ms > 0  # by the runner: it was asked, and not killed
        if seconds < AT_ONCE and measured:
            break
    else:
        pytest.fail("it never ended at once")
    assert b"next\n" == ran(await sandbox.run(command("echo", "next"))).stdout


async def test_cancel_a_compile_step(sandbox: Sandbox) -> None:
    """Cancelled while it compiles, a job has what the compiler printed, and never runs."""
    compiler = Step(("sh", "-c", "echo compiling; sleep 60"), {}, limits())
    outcome, _ = await cancelled(sandbox, command("echo", "ran", compiled_by=compiler))

    assert outcome.run is None
    assert outcome.compile is not None
    assert (b"compiling\n", 9) == (outcome.compile.stdout, outcome.compile.signal)


async def test_cancel_what_has_ended(sandbox: Sandbox) -> None:
    """A wish that comes too late changes nothing."""
    live = Live()
    result = ran(await sandbox.run(command("echo", "done"), live))
    live.cancel()

    assert (b"done\n", 0) == (result.stdout, result.exit_code)


@pytest.mark.parametrize("moment", [0, 1, 2, 4, 8])
async def test_cancel_at_any_moment(sandbox: Sandbox, moment: int) -> None:
    """Cancelled while its input is handed over or it starts, a job ends, and soon."""
    live = Live()
    within: Limits = limits(wall_time_ms=60_000)
    program = command("sleep", "60", stdin=bytes(MIB), files={"big": bytes(MIB)}, within=within)
    task = asyncio.create_task(sandbox.run(program, live))
    await asyncio.sleep(moment / 1000)
    live.cancel()
    async with asyncio.timeout(10):
        result = ran(await task)

    assert (9, None) == (result.signal, result.limit)
