"""Restarts the services whose code changed."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from watchfiles import Change, awatch

from ignis.local.parts import ROOMS
from ignis.local.stack import Stack
from ignis.local.terminal import Terminal

_CODE = {".py", ".sql", ".toml", ".json"}
_SUPERVISOR = "local"  # its own code takes effect at the next start


def is_code(_: Change, path: str) -> bool:
    """Whether a change of this file may change what a service does."""
    return Path(path).suffix in _CODE


def affected(paths: Iterable[str], package: Path) -> list[str]:
    """The rooms to restart: the file's own, or all for a file that they share."""
    folders = {Path(path).relative_to(package).parts[0] for path in paths} - {_SUPERVISOR}
    if folders <= set(ROOMS):
        return [room for room in ROOMS if room in folders]
    return list(ROOMS)


async def watch(stack: Stack, terminal: Terminal, package: Path) -> None:
    """Restart services as the code in a folder changes, for ever."""
    changes = awatch(package, watch_filter=is_code)
    upcoming = asyncio.ensure_future(anext(changes))
    try:
        await asyncio.sleep(0)  # from here on it watches, and may say so
        terminal.say(f"Watching {package}")
        while True:
            rooms = affected((path for _, path in await upcoming), package)
            upcoming = asyncio.ensure_future(anext(changes))
            if rooms:
                terminal.say(f"Restarting {', '.join(rooms)}")
                await stack.restart(rooms)
    finally:
        upcoming.cancel()
