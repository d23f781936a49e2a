"""Finds toolchains from inside a sandbox whose programs don't see this machine's."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from ignis.executor.models import Limits, Program, Step
from ignis.executor.service import Sandbox
from ignis.executor.toolchains import SYSTEM_PATH, Toolchain, version_in
from ignis.languages.models import Language

PATH = ":".join(("/usr/local/go/bin", *SYSTEM_PATH))
_BEGIN = "ignis-toolchain "  # begins the line before what a toolchain says
_LIMITS = Limits(
    wall_time_ms=60_000,
    cpu_time_ms=60_000,
    memory_kb=262_144,
    processes=64,
    output_bytes=1_048_576,
    file_bytes=67_108_864,
)


async def probe(
    sandbox: Sandbox, languages: Iterable[Language], image: str
) -> dict[str, Toolchain]:
    """Ask for every language's version in one sandbox.

    Args:
        sandbox: where.
        languages: those to look for.
        image: what the sandbox's programs see.
    """
    wanted = {language.id: language for language in languages}
    script = "\n".join(map(_question, wanted.values()))
    step = Step(("sh", "-c", script), {"PATH": PATH}, _LIMITS)
    outcome = await sandbox.run(Program(files=(), run=step))
    said = outcome.run.stdout.decode(errors="replace") if outcome.run else ""
    found = {}
    for answer in f"\n{said}".split(f"\n{_BEGIN}")[1:]:
        head, _, text = answer.partition("\n")
        name, _, program = head.partition(" ")
        version = version_in(wanted[name], text)
        if version is not None:
            found[name] = _toolchain(wanted[name], version, Path(program), image)
    return found


def _question(language: Language) -> str:
    program = shlex.quote(language.toolchain.program)
    name = shlex.quote(language.id)
    return (
        f"if found=$(command -v {program}); then "
        f'printf "\\n{_BEGIN}%s %s\\n" {name} "$found"; '
        f"{shlex.join(language.toolchain.version)} 2>&1 </dev/null; fi"
    )


def _toolchain(language: Language, version: str, program: Path, image: str) -> Toolchain:
    path = ":".join(dict.fromkeys((str(program.parent), *SYSTEM_PATH)))
    return Toolchain(language, version, program, path, mounts=(), cache=None, image=image)
