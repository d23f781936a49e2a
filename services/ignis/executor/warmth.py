"""Fills the caches of toolchains, so that no job pays for it."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ignis.executor.commands import fill
from ignis.executor.toolchains import Toolchain, output
from ignis.server.logs import get_logger

FIRST_LIMIT = 120.0  # seconds for the self-test's own compile step
FULL_LIMIT = 1800.0  # seconds for all that the language file asks for
STAMP = ".ignis-warm"
NICE = ("nice", "-n", "19")  # jobs go first

log = get_logger()


async def first(toolchain: Toolchain) -> None:
    """Compile the self-test once outside, so that the simplest program is fast.

    Raises:
        OSError: the toolchain failed.
        TimeoutError: it took too long.
    """
    language = toolchain.language
    if toolchain.cache is None or language.compile is None or any(toolchain.cache.source.iterdir()):
        return
    log.info("filling a cache", language=language.id)
    with tempfile.TemporaryDirectory(prefix="ignis-warm-") as folder:
        file = Path(folder) / language.file
        file.write_text(language.test.code)
        artefact = str(Path(folder) / ".program")
        command = fill(language.compile.command, str(file), artefact, [str(file)])
        await output(command, _env(toolchain, folder), FIRST_LIMIT)


async def full(toolchain: Toolchain) -> None:
    """Fill the cache with all that the language file names, at the lowest priority."""
    warm = toolchain.language.warm
    if toolchain.cache is None or warm is None or (toolchain.cache.source / STAMP).exists():
        return
    try:
        with tempfile.TemporaryDirectory(prefix="ignis-warm-") as folder:
            env = {**_env(toolchain, folder), "PATH": f"{toolchain.path}:{os.defpath}"}
            await output((*NICE, *warm.command), env, FULL_LIMIT)
    except (OSError, TimeoutError) as error:
        log.warning("a cache stays cold", language=toolchain.language.id, error=str(error))
        return
    (toolchain.cache.source / STAMP).touch()
    log.info("a cache is warm", language=toolchain.language.id)


async def all_full(toolchains: Mapping[str, Toolchain]) -> None:
    """Fill all caches, one after the other, and then stay: a service's task never ends."""
    for toolchain in toolchains.values():
        await full(toolchain)
    await asyncio.Event().wait()


def _env(toolchain: Toolchain, home: str) -> dict[str, str]:
    cache = toolchain.cache.source if toolchain.cache else None
    return {**toolchain.env(cache), "HOME": home}
