"""Finds toolchains from inside a sandbox whose programs don't see this machine's."""

import shlex
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ignis.executor.models import Limits, Program, Step
from ignis.executor.service import Sandbox
from ignis.executor.toolchains import CACHES, SYSTEM_PATH, Toolchain, version_in
from ignis.languages.models import Language

PATH = ":".join(("/usr/local/go/bin", *SYSTEM_PATH))
_BEGIN = "ignis-toolchain "  # begins the line before what a toolchain says
_BAKED = "baked"  # on that line: the image has the language's cache
_LIMITS = Limits(
    wall_time_ms=60_000,
    cpu_time_ms=60_000,
    memory_kb=262_144,
    processes=64,
    output_bytes=1_048_576,
    file_bytes=67_108_864,
)


async def probe(
    sandbox: Sandbox, languages: Iterable[Language], image_name: str, image: str
) -> dict[str, Toolchain]:
    """Ask for every language's version in one sandbox.

    Args:
        sandbox: where.
        languages: those to look for.
        image_name: in which image.
        image: the same by its id.
    """
    wanted = {language.id: language for language in languages}
    script = "\n".join(map(_question, wanted.values()))
    step = Step(("sh", "-c", script), {"PATH": PATH}, _LIMITS)
    outcome = await sandbox.run(Program(files=(), run=step, image=image_name))
    said = outcome.run.stdout.decode(errors="replace") if outcome.run else ""
    found = {}
    for answer in f"\n{said}".split(f"\n{_BEGIN}")[1:]:
        head, _, text = answer.partition("\n")
        name, cache, program = head.split(" ", 2)
        version = version_in(wanted[name], text)
        if version is not None:
            plain = _toolchain(wanted[name], version, Path(program))
            baked = _cache(wanted[name]) if cache == _BAKED else None
            found[name] = replace(plain, image=image, image_name=image_name, baked=baked)
    return found


def _cache(language: Language) -> Path:
    """Where an image has the cache of a language."""
    return CACHES / language.id


def _question(language: Language) -> str:
    program = shlex.quote(language.toolchain.program)
    name = shlex.quote(language.id)
    folder = shlex.quote(str(_cache(language)))
    return (
        f"if found=$(command -v {program}); then "
        f"cache=none; test ! -d {folder} || cache={_BAKED}; "
        f'printf "\\n{_BEGIN}%s %s %s\\n" {name} "$cache" "$found"; '
        f"{shlex.join(language.toolchain.version)} 2>&1 </dev/null; fi"
    )


def _toolchain(language: Language, version: str, program: Path) -> Toolchain:
    path = ":".join(dict.fromkeys((str(program.parent), *SYSTEM_PATH)))
    return Toolchain(language, version, program, path, mounts=(), cache=None)
