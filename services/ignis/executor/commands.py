"""What is run for a language: its commands, with everything filled in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ignis.executor.models import Interpreter, Limits, ProgramFile, Step
from ignis.languages.models import Language

ARTEFACT = "/box/.program"  # in the sandbox


@dataclass(frozen=True, slots=True)
class CompileSettings:
    """What the compile step may use, whatever the job's own limits are."""

    time_ms: int  # times the language's factor
    output_bytes: int


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands of one language on this executor."""

    language: Language
    version: str  # of the toolchain
    env: Mapping[str, str]  # of every step
    settings: CompileSettings
    identity: Callable[[], str]  # changes whenever the toolchain does
    image: str = ""  # what its programs run in, by name; empty is the sandbox's own choice

    @property
    def file(self) -> str:
        """What a single file is called."""
        return self.language.file

    def compile(
        self, files: Sequence[ProgramFile], args: Sequence[str], limits: Limits
    ) -> Step | None:
        """The compile step, None for a language without one."""
        step = self.language.compile
        if step is None:
            return None
        entry = files[0].name
        ending = PurePosixPath(entry).suffix
        # "./" keeps a file name from being taken for an option.
        names = [f"./{f.name}" for f in files if PurePosixPath(f.name).suffix == ending]
        time_ms = round(self.settings.time_ms * step.time_factor)
        return Step(
            argv=fill(step.command, f"./{entry}", ARTEFACT, names, args),
            env=self.env,
            path=self.env.get("PATH", ""),
            limits=Limits(
                wall_time_ms=time_ms,
                cpu_time_ms=time_ms * 2,  # compilers use more than one core
                memory_kb=step.memory_kb,
                processes=step.processes,
                output_bytes=self.settings.output_bytes,
                file_bytes=limits.file_bytes,
            ),
        )

    def run(self, entry: str, args: Sequence[str], env: Mapping[str, str], limits: Limits) -> Step:
        """The run step."""
        # Only where it must be: programs see this name in sys.argv and tracebacks.
        file = f"./{entry}" if entry.startswith("-") else entry
        argv = fill(self.language.run.command, file, ARTEFACT)
        return Step(
            argv=(*argv, *args),
            env={**self.env, **env},
            limits=limits,
            # A job's own PATH is for the programs that it starts.
            path=self.env.get("PATH", ""),
        )


def interpreter(commands: Iterable[Commands]) -> Interpreter | None:
    """The interpreter that is worth being started before its programs are known.

    It is the first CPython's, with a program in a single file and no arguments.
    """
    for one in commands:
        if one.language.run.cpython:
            name, file = fill(one.language.run.command, one.file, ARTEFACT)
            return Interpreter((name, file), one.env, one.env.get("PATH", ""), one.version)
    return None


def fill(
    command: Sequence[str],
    file: str,
    artefact: str,
    files: Sequence[str] = (),
    compile_args: Sequence[str] = (),
) -> tuple[str, ...]:
    """Fill in a command of a language file."""
    many = {"{files}": files, "{compile_args}": compile_args}
    one = {"{file}": file, "{artefact}": artefact}
    return tuple(word for part in command for word in many.get(part, (one.get(part, part),)))
