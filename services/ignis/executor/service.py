"""Running a job: from what was asked for to a verdict."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from ignis.errors import NotFound
from ignis.executor.commands import Commands
from ignis.executor.live import Live
from ignis.executor.models import (
    Job,
    Limit,
    Origin,
    Outcome,
    Output,
    Program,
    ProgramFile,
    Report,
    StepOutcome,
    Verdict,
)
from ignis.languages.versions import satisfies

FOR_LIMIT = {
    Limit.WALL_TIME: (Verdict.TIME_LIMIT, "The time limit ended the program."),
    Limit.CPU_TIME: (Verdict.TIME_LIMIT, "The CPU time limit ended the program."),
    Limit.MEMORY: (Verdict.MEMORY_LIMIT, "The memory limit ended the program."),
    Limit.OUTPUT: (Verdict.OUTPUT_LIMIT, "The output limit ended the program."),
    Limit.PROCESSES: (Verdict.PROCESS_LIMIT, "The process limit ended the program."),
}
IN_COMPILE = {
    Limit.WALL_TIME: "Compiling took too long.",
    Limit.CPU_TIME: "Compiling took too much CPU time.",
    Limit.MEMORY: "Compiling took too much memory.",
    Limit.OUTPUT: "The compiler wrote too much.",
    Limit.PROCESSES: "Compiling took too many processes.",
}


class Sandbox(Protocol):
    """An isolated place to run programs in."""

    async def run(self, program: Program, live: Live | None = None) -> Outcome:
        """Run a program; whatever it does is an outcome, also that `live` cancelled it."""
        ...


class ToolchainMissing(Exception):  # noqa: N818 - it names a state, and is caught by it
    """This executor can't run the language that the job asks for."""


class NetworkRefused(Exception):  # noqa: N818 - as above
    """The job asks for the network, and the operator of this executor has it off."""


class Executor:
    """Runs jobs in a sandbox, in the languages that were found."""

    def __init__(
        self, sandbox: Sandbox, commands: Mapping[str, Commands], *, network: bool = False
    ) -> None:
        self._sandbox = sandbox
        self._network = network  # whether programs may have one
        self._commands = commands  # by language id
        self._running: list[tuple[str, Live]] = []  # a job may come twice

    @property
    def running(self) -> int:
        """Jobs that run now."""
        return len(self._running)

    def cancel(self, job_id: str) -> None:
        """End a job that runs here; its report then says so, with what it printed.

        Raises:
            NotFound: it doesn't run here.
        """
        found = [live for running, live in self._running if running == job_id]
        for live in found:
            live.cancel()
        if not found:
            raise NotFound(
                "JOB_NOT_RUNNING",
                "This executor runs no such job: it waits, has ended, or runs elsewhere.",
                metadata={"job_id": job_id},
            )

    async def execute(self, job: Job, on_output: Callable[[Output], None] | None = None) -> Report:
        """Run a job, handing its output to `on_output` as it comes.

        Raises:
            ToolchainMissing: this executor doesn't have its language, or not
                in the version that it asks for.
            NetworkRefused: it asks for the network, which is off here.
            Exception: the sandbox broke; another attempt may do better.
        """
        commands = self._commands.get(job.language)
        if commands is None or not satisfies(job.language_version, commands.version):
            raise ToolchainMissing(f"no {job.language} {job.language_version} here")
        if job.network and not self._network:
            raise NetworkRefused("the network is off here")
        started_at = datetime.now(UTC)
        live = Live(on_output) if on_output else Live()
        with self._registered(job.job_id, live):
            outcome = await self._run(self._program(commands, job), live)
        if live.cancelled and not ended_itself(outcome):
            return Report(Verdict.CANCELLED, "The job was cancelled.", started_at, outcome)
        verdict, message = judge(outcome)
        return Report(verdict, message, started_at, outcome)

    @contextmanager
    def _registered(self, job_id: str, live: Live) -> Iterator[None]:
        entry = (job_id, live)
        self._running.append(entry)
        try:
            yield
        finally:
            self._running.remove(entry)

    async def _run(self, program: Program, live: Live) -> Outcome:
        """Run a program that may be cancelled while it still waits for its sandbox."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        try:
            with live.ended_by(task.cancel):
                return await self._sandbox.run(program, live)
        except asyncio.CancelledError:
            if not live.cancelled or task.uncancel() > 0:
                raise  # it is the executor that stops
            return Outcome(compile=None, run=None)

    def _program(self, commands: Commands, job: Job) -> Program:
        first, *others = job.files
        entry = first.name or commands.file
        files = (ProgramFile(entry, first.content), *others)
        compile_step = commands.compile(files, job.compile_args, job.limits)
        made_by = Origin(job.owner, job.language, commands.identity()) if compile_step else None
        return Program(
            files=files,
            stdin=job.stdin,
            compile=compile_step,
            run=commands.run(entry, job.args, job.env, job.limits),
            image=commands.image,
            origin=made_by,
            network=job.network,
        )


def judge(outcome: Outcome) -> tuple[Verdict, str]:
    """Say what an outcome means, as a verdict and in words."""
    if outcome.run is None:
        return _judge_compile(outcome.compile)
    run = outcome.run
    if run.limit is not None:
        return FOR_LIMIT[run.limit]
    if run.exit_code == 0:
        return Verdict.ACCEPTED, "The program ended with exit code 0."
    if run.exit_code is not None:
        return Verdict.RUNTIME_ERROR, f"The program ended with exit code {run.exit_code}."
    if run.signal is not None:
        return Verdict.RUNTIME_ERROR, f"Signal {run.signal} ended the program."
    return Verdict.RUNTIME_ERROR, "The program could not be started; see stderr."


def ended_itself(outcome: Outcome) -> bool:
    """Whether it came to an end that is its own, or a limit's, and that a cancel came too late."""
    if outcome.run is not None:
        return outcome.run.exit_code is not None or outcome.run.limit is not None
    compiled = outcome.compile
    return compiled is not None and (bool(compiled.exit_code) or compiled.limit is not None)


def _judge_compile(compiled: StepOutcome | None) -> tuple[Verdict, str]:
    if compiled is None:
        return Verdict.INTERNAL_ERROR, "The sandbox came back without a result."
    if compiled.limit is not None:
        return Verdict.COMPILE_ERROR, IN_COMPILE[compiled.limit]
    if compiled.exit_code == 0:
        return Verdict.INTERNAL_ERROR, "The sandbox compiled the program, and did not run it."
    return Verdict.COMPILE_ERROR, "The program did not compile; see compile.stderr."
