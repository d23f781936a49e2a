"""Finds the toolchains of this machine, and the directories that jobs need of them."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ignis.executor.models import Mount
from ignis.languages.models import Language
from ignis.server.logs import get_logger

SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
SYSTEM_ROOTS = ("/usr", "/bin", "/lib", "/lib64", "/sbin")  # every sandbox sees these
VERSION_LIMIT = 20.0  # seconds
CACHES = Path("/opt/ignis/caches")  # where jobs see them

log = get_logger()


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A toolchain that was found."""

    language: Language
    version: str
    program: Path  # where it is, links resolved
    path: str  # PATH for every command
    mounts: tuple[Mount, ...]
    cache: Mount | None  # filled here, read by jobs
    image: str = ""  # what the program is in, empty for this machine

    def env(self, cache: Path | None = None) -> Mapping[str, str]:
        """The environment of a command that runs where the cache is at `cache`."""
        variables = {"PATH": self.path, **self.language.toolchain.env}
        if self.language.warm is not None and cache is not None:
            variables[self.language.warm.env] = str(cache)
        return variables

    @property
    def sandbox_env(self) -> Mapping[str, str]:
        """The environment of a command in the sandbox."""
        return self.env(self.cache.target if self.cache else None)


async def find(language: Language, directories: str, data: Path) -> Toolchain | None:
    """Find the toolchain of a language.

    Args:
        language: the language.
        directories: searched before the system's, separated by colons.
        data: where caches are kept.
    """
    # The interpreter that runs this is the last resort: it is there.
    search = (*directories.split(":"), *SYSTEM_PATH, f"{sys.base_prefix}/bin")
    located = _locate(language.toolchain.program, ":".join(filter(None, search)))
    if located is None:
        return None
    found, program = located
    path = ":".join(dict.fromkeys((str(found.parent), *SYSTEM_PATH)))
    version = await _version(language, path)
    if version is None:
        return None
    cache = None
    if language.warm is not None:
        name = f"{language.id}-{version}"
        cache = Mount(data / "caches" / name, CACHES / name)
        cache.source.mkdir(parents=True, exist_ok=True)
    return Toolchain(language, version, program, path, _mounts(found, program), cache)


def _locate(name: str, path: str) -> tuple[Path, Path] | None:
    """Where a program is, and where its links lead."""
    found = shutil.which(name, path=path)
    return None if found is None else (Path(found), Path(found).resolve())


def _mounts(found: Path, program: Path) -> tuple[Mount, ...]:
    """What a sandbox must see beyond the system: `<root>/bin/<program>` brings `<root>`."""
    roots = {found.parent.parent, program.parent.parent}
    outside = [root for root in roots if not any(root.is_relative_to(s) for s in SYSTEM_ROOTS)]
    return tuple(Mount(root, root) for root in sorted(outside) if root != Path("/"))


async def _version(language: Language, path: str) -> str | None:
    try:
        text = await output(language.toolchain.version, {"PATH": path}, VERSION_LIMIT)
    except (OSError, TimeoutError) as error:
        log.warning("a toolchain does not answer", language=language.id, error=repr(error))
        return None
    return version_in(language, text)


def version_in(language: Language, text: str) -> str | None:
    """The version in what a toolchain says of itself, None if there is none."""
    match = re.search(language.toolchain.pattern, text)
    if match is None:
        log.warning("a toolchain has no version", language=language.id, said=text[:200])
        return None
    return match[1]


async def output(command: tuple[str, ...], env: Mapping[str, str], limit: float) -> str:
    """Run a command of a toolchain outside of any sandbox; returns all that it wrote.

    Raises:
        OSError: it can't be run.
        TimeoutError: it took longer than `limit` seconds.
    """
    program = shutil.which(command[0], path=env["PATH"])
    process = await asyncio.create_subprocess_exec(
        program or command[0],
        *command[1:],
        env={"HOME": os.devnull, **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(limit):
            written, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise OSError(f"{' '.join(command)}: {written.decode(errors='replace')[-500:]}")
    return written.decode(errors="replace")
