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
# Every sandbox sees these.
SYSTEM_ROOTS = ("/usr", "/bin", "/lib", "/lib64", "/sbin", "/etc/alternatives")
VERSION_LIMIT = 20.0  # seconds
# What changes with the packages that a compiler stands on: headers, libraries, linkers.
PACKAGES = (
    "/etc/ld.so.cache",
    "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
    "/var/lib/rpm/rpmdb.sqlite",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/var/lib/pacman/local",
)
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
    image: str = ""  # the id of what the program is in, empty for this machine
    image_name: str = ""
    baked: Path | None = None  # where the image has a cache that is full

    def env(self, cache: Path | None = None) -> Mapping[str, str]:
        """The environment of a command that runs where the cache is at `cache`."""
        variables = {"PATH": self.path, **self.language.toolchain.env}
        if self.language.warm is not None and cache is not None:
            variables[self.language.warm.env] = str(cache)
        return variables

    def identity(self) -> str:
        """What changes whenever the toolchain may make something else of the same sources."""
        parts = [self.version, str(self.program), self.image]
        if not self.image:
            parts += [stamp(Path(path)) for path in (self.program, *PACKAGES)]
        return "\0".join(parts)

    @property
    def sandbox_env(self) -> Mapping[str, str]:
        """The environment of a command in the sandbox."""
        return self.env(self.cache.target if self.cache else self.baked)


def stamp(path: Path) -> str:
    """What tells a file from what replaces it; empty where there is none."""
    try:
        about = path.stat()
    except OSError:
        return ""
    return f"{about.st_dev}:{about.st_ino}:{about.st_size}:{about.st_mtime_ns}"


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
    *_, program = located
    # A link may lead nowhere in a sandbox: the program is found where it really is, too.
    path = ":".join(dict.fromkeys((str(located[0].parent), str(program.parent), *SYSTEM_PATH)))
    version = await _version(language, path)
    if version is None:
        return None
    cache = None
    if language.warm is not None:
        name = f"{language.id}-{version}"
        cache = Mount(data / "caches" / name, CACHES / name)
        cache.source.mkdir(parents=True, exist_ok=True)
    return Toolchain(language, version, program, path, _mounts(located), cache)


def _locate(name: str, path: str) -> tuple[Path, ...] | None:
    """Where a program is, where its links lead, and last where it really is."""
    found = shutil.which(name, path=path)
    if found is None:
        return None
    step = Path(found).absolute()
    program = step.resolve()
    steps = [step]
    while step.is_symlink():  # no loop: it was found, so it leads to a file
        step = Path(os.path.normpath(step.parent / step.readlink()))
        steps.append(step)
    return (*steps, program)


def _mounts(located: tuple[Path, ...]) -> tuple[Mount, ...]:
    """What a sandbox must see beyond the system: `<root>/bin/<program>` brings `<root>`.

    A program in a folder of another name brings that folder alone: what is
    beside it is nobody's business. Each is shown where it is called, though a
    part of its path may be a link here.
    """
    folders = {step.parent for step in located if step.exists()}
    roots = {folder.parent if folder.name == "bin" else folder for folder in folders}
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
