"""The cache of compile steps: entries in a folder, counted."""

import asyncio
from typing import Protocol

from ignis.executor.compiled import entry
from ignis.executor.compiled.entry import DamagedError, Entry
from ignis.executor.compiled.folder import Folder
from ignis.server.logs import get_logger

_MOST_ENTRY_BYTES = 32 * 1024 * 1024
_SHARE = 8  # one entry has this part of the cache at most

log = get_logger()


class Meters(Protocol):
    """Where it is counted what becomes of compile steps."""

    def looked(self, *, hit: bool) -> None:
        """Count a compile step that was looked for."""
        ...

    def holds(self, size: int, evicted: int) -> None:
        """Note how many bytes are kept, and how many entries had to go since the start."""
        ...


class CompileCache:
    """Keeps what compile steps made, by their inputs."""

    def __init__(self, folder: Folder, most_bytes: int, meters: Meters) -> None:
        self._folder = folder
        self._meters = meters
        self.most_entry_bytes = min(_MOST_ENTRY_BYTES, most_bytes // _SHARE)
        meters.holds(folder.bytes, folder.evicted)

    async def find(self, key: str) -> Entry | None:
        """What was kept under a key; what is damaged is removed, and as good as not there."""
        return await asyncio.to_thread(self._find, key)

    async def keep(self, key: str, kept: Entry) -> None:
        """Keep an entry; a disk that refuses is logged."""
        try:
            await asyncio.to_thread(self._folder.write, key, entry.encode(key, kept))
        except OSError as error:
            log.warning("a compiled program can't be kept", error=str(error))
        self._meters.holds(self._folder.bytes, self._folder.evicted)

    async def forget(self, key: str) -> None:
        """Remove what was kept under a key."""
        await asyncio.to_thread(self._folder.remove, key)

    def counts(self, *, hit: bool) -> None:
        """Count a job whose compile step was looked for."""
        self._meters.looked(hit=hit)

    def _find(self, key: str) -> Entry | None:
        data = self._folder.read(key)
        if data is None:
            return None
        try:
            return entry.decode(key, data)
        except DamagedError as error:
            log.warning("a compiled program is damaged", key=key, error=str(error))
            self._folder.remove(key)
            return None
