"""Running a job: from what was asked for to a verdict."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from ignis.executor.commands import Commands
from ignis.executor.models import (
    Job,
    Limit,
    Outcome,
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

    async def run(self, program: Program) -> Outcome:
        """Run a program; whatever it does is an outcome."""
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
        self.running = 0

    async def execute(self, job: Job) -> Report:
        """Run a job.

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
        self.running += 1
        try:
            outcome = await self._sandbox.run(self._program(commands, job))
        finally:
            self.running -= 1
        verdict, message = judge(outcome)
        return Report(verdict, message, started_at, outcome)

    def _program(self, commands: Commands, job: Job) -> Program:
        first, *others = job.files
        entry = first.name or commands.file
        files = (ProgramFile(entry, first.content), *others)
        return Program(
            files=files,
            stdin=job.stdin,
            compile=commands.compile(files, job.compile_args, job.limits),
            run=commands.run(entry, job.args, job.env, job.limits),
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


def _judge_compile(compiled: StepOutcome | None) -> tuple[Verdict, str]:
    if compiled is None:
        return Verdict.INTERNAL_ERROR, "The sandbox came back without a result."
    if compiled.limit is not None:
        return Verdict.COMPILE_ERROR, IN_COMPILE[compiled.limit]
    if compiled.exit_code == 0:
        return Verdict.INTERNAL_ERROR, "The sandbox compiled the program, and did not run it."
    return Verdict.COMPILE_ERROR, "The program did not compile; see compile.stderr."
