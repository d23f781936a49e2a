"""From what was asked for to a verdict."""

import asyncio

import pytest
from tests.unit.executor.factories import (
    GOOD,
    JOB,
    LIMITS,
    Sandbox,
    commands,
    job,
    step,
)

from ignis.errors import NotFound
from ignis.executor.live import Live
from ignis.executor.models import Limit, Outcome, Program, ProgramFile, Verdict
from ignis.executor.service import Executor, NetworkRefused, ToolchainMissing, judge

RAN = [
    ({}, Verdict.ACCEPTED, "exit code 0"),
    ({"exit_code": 3}, Verdict.RUNTIME_ERROR, "exit code 3"),
    ({"exit_code": None, "signal": 11}, Verdict.RUNTIME_ERROR, "Signal 11"),
    ({"exit_code": None}, Verdict.RUNTIME_ERROR, "could not be started"),
    ({"limit": Limit.WALL_TIME}, Verdict.TIME_LIMIT, "time limit"),
    ({"limit": Limit.CPU_TIME}, Verdict.TIME_LIMIT, "CPU time limit"),
    ({"limit": Limit.MEMORY, "signal": 9}, Verdict.MEMORY_LIMIT, "memory limit"),
    ({"limit": Limit.OUTPUT, "exit_code": 1}, Verdict.OUTPUT_LIMIT, "output limit"),
    ({"limit": Limit.PROCESSES}, Verdict.PROCESS_LIMIT, "process limit"),
]


@pytest.mark.parametrize(("fields", "verdict", "words"), RAN)
def test_what_a_run_means(fields: dict[str, object], verdict: Verdict, words: str) -> None:
    """A limit decides, whatever the exit code looks like; then the exit code, then the signal."""
    judged, message = judge(Outcome(compile=None, run=step(**fields)))

    assert judged is verdict
    assert words in message


@pytest.mark.parametrize("limit", list(Limit))
def test_each_limit_has_its_words(limit: Limit) -> None:
    """Every limit has a verdict for the run, and is a compile error in the compile step."""
    run, _ = judge(Outcome(compile=None, run=step(limit=limit)))
    compiled, message = judge(Outcome(compile=step(limit=limit), run=None))

    assert run not in (Verdict.ACCEPTED, Verdict.RUNTIME_ERROR)
    assert compiled is Verdict.COMPILE_ERROR
    assert "ompil" in message


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome(compile=step(exit_code=1), run=None), Verdict.COMPILE_ERROR),
        (Outcome(compile=step(exit_code=None, signal=9), run=None), Verdict.COMPILE_ERROR),
        (Outcome(compile=step(exit_code=None), run=None), Verdict.COMPILE_ERROR),
        (Outcome(compile=step(), run=None), Verdict.INTERNAL_ERROR),
        (Outcome(compile=None, run=None), Verdict.INTERNAL_ERROR),
        (Outcome(compile=step(), run=step(exit_code=2)), Verdict.RUNTIME_ERROR),
    ],
)
def test_what_a_program_without_a_run_means(outcome: Outcome, verdict: Verdict) -> None:
    """A compile step that failed is the program's fault, no run after a good one is ours."""
    assert judge(outcome)[0] is verdict


async def test_a_sandbox_gets_the_whole_program() -> None:
    """Files, input, arguments, environment and limits arrive; the first file gets its name."""
    sandbox = Sandbox()
    report = await Executor(sandbox, {"python": commands()}).execute(JOB)
    [program] = sandbox.programs

    assert (Verdict.ACCEPTED, GOOD) == (report.verdict, report.outcome)
    assert report.started_at is not None
    assert program.files == (ProgramFile("main.py", JOB.files[0].content), JOB.files[1])
    assert (JOB.stdin, None) == (program.stdin, program.compile)
    assert (("python3", "main.py", "one", "two words"), LIMITS) == (
        program.run.argv,
        program.run.limits,
    )
    assert program.run.env == {"PATH": "/bin", **JOB.env}


async def test_a_file_keeps_its_own_name() -> None:
    """A first file that has a name runs under it."""
    sandbox = Sandbox()
    named = job(files=(ProgramFile("src/app.py", b"1"),))
    await Executor(sandbox, {"python": commands()}).execute(named)

    assert sandbox.programs[0].run.argv[:2] == ("python3", "src/app.py")


@pytest.mark.parametrize(
    "fields", [{"language": "cobol"}, {"language_version": "3.12"}, {"language_version": "2"}]
)
async def test_what_is_not_here_is_not_run(fields: dict[str, str]) -> None:
    """A language or version that this executor lacks never runs in another."""
    sandbox = Sandbox()
    with pytest.raises(ToolchainMissing):
        await Executor(sandbox, {"python": commands()}).execute(job(**fields))

    assert sandbox.programs == []


async def test_no_job_has_the_network_where_the_operator_has_it_off() -> None:
    """A job that asks for it is refused without it, and has it where it may."""
    sandbox = Sandbox()
    with pytest.raises(NetworkRefused):
        await Executor(sandbox, {"python": commands()}).execute(job(network=True))
    allowing = Executor(sandbox, {"python": commands()}, network=True)
    for asks in (True, False):
        await allowing.execute(job(network=asks))

    assert [True, False] == [program.network for program in sandbox.programs]


@pytest.mark.parametrize("version", ["", "3", "3.11", "3.11.2"])
async def test_a_version_that_is_here_is_run(version: str) -> None:
    """A version may be asked for as exactly as one likes."""
    executor = Executor(Sandbox(), {"python": commands()})

    assert (await executor.execute(job(language_version=version))).verdict is Verdict.ACCEPTED


async def test_running_jobs_are_counted_also_when_the_sandbox_breaks() -> None:
    """A job counts while it runs, however it ends."""
    seen: list[int] = []
    sandbox = Sandbox(RuntimeError("broken"))
    executor = Executor(sandbox, {"python": commands()})
    sandbox.meanwhile = lambda: seen.append(executor.running)
    with pytest.raises(RuntimeError, match="broken"):
        await executor.execute(JOB)

    assert ([1], 0) == (seen, executor.running)


KILLED = step(exit_code=None, signal=9)


class Running(Sandbox):
    """A sandbox whose program runs until it is cancelled."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.waits = asyncio.Event()

    async def run(self, program: Program, live: Live | None = None) -> Outcome:
        """Wait for the end."""
        ended = asyncio.Event()
        assert live is not None
        with live.ended_by(ended.set):
            self.waits.set()
            await ended.wait()
        return await super().run(program, live)


class Busy(Sandbox):
    """A sandbox in which no program gets its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = asyncio.Event()

    async def run(self, program: Program, live: Live | None = None) -> Outcome:
        """Wait for ever."""
        self.waits.set()
        await asyncio.Event().wait()
        return await super().run(program, live)


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome(compile=None, run=None), Verdict.CANCELLED),
        (Outcome(compile=None, run=KILLED), Verdict.CANCELLED),
        (Outcome(compile=KILLED, run=None), Verdict.CANCELLED),
        (Outcome(compile=step(), run=None), Verdict.CANCELLED),
        (Outcome(compile=step(), run=KILLED), Verdict.CANCELLED),
        (GOOD, Verdict.ACCEPTED),
        (Outcome(compile=None, run=step(exit_code=1)), Verdict.RUNTIME_ERROR),
        (Outcome(compile=None, run=step(exit_code=None, limit=Limit.MEMORY)), Verdict.MEMORY_LIMIT),
        (Outcome(compile=step(exit_code=1), run=None), Verdict.COMPILE_ERROR),
    ],
)
async def test_what_a_cancelled_job_means(outcome: Outcome, verdict: Verdict) -> None:
    """It is cancelled, unless it came to an end of its own before."""
    sandbox = Running(outcome)
    executor = Executor(sandbox, {"python": commands()})
    task = asyncio.create_task(executor.execute(JOB))
    await sandbox.waits.wait()
    executor.cancel(JOB.job_id)
    report = await task

    assert (verdict, outcome) == (report.verdict, report.outcome)


async def test_a_job_is_cancelled_before_it_has_a_sandbox() -> None:
    """One that waits for its sandbox is cancelled too, and its task lives on."""
    busy = Busy()
    executor = Executor(busy, {"python": commands()})
    task = asyncio.create_task(executor.execute(JOB))
    await busy.waits.wait()
    executor.cancel(JOB.job_id)
    executor.cancel(JOB.job_id)
    report = await task

    assert (Verdict.CANCELLED, Outcome(None, None), 0) == (
        report.verdict,
        report.outcome,
        executor.running,
    )
    assert task.cancelling() == 0


async def test_an_executor_that_stops_cancels_no_job() -> None:
    """A task that is cancelled from outside ends as such: the job is another executor's then."""
    busy = Busy()
    task = asyncio.create_task(Executor(busy, {"python": commands()}).execute(JOB))
    await busy.waits.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


def test_only_what_runs_is_cancelled() -> None:
    """A job that doesn't run here is not found."""
    with pytest.raises(NotFound) as caught:
        Executor(Sandbox(), {}).cancel("01K")

    assert ("JOB_NOT_RUNNING", {"job_id": "01K"}) == (caught.value.reason, caught.value.metadata)
