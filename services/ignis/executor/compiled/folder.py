"""A folder of files under digests as names: bounded in size and in age, safe in a crash."""

import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_BEGUN = ".begun-"  # what a file is called until it is whole
_BLOCK = 4096  # bytes that the smallest file takes
_SWEEP_SECONDS = 60.0  # between looks for what is too old


class _Kept(NamedTuple):
    size: int
    since: float  # seconds since 1970


class Folder:
    """Files of up to `most_bytes` together, none older than `most_seconds`.

    Every file counts with the blocks that it takes. What has gone unused for
    longest goes first when there are too many. Calls block, and may come from
    any thread.
    """

    def __init__(
        self,
        path: Path,
        most_bytes: int,
        most_seconds: float,
        clock: Callable[[], float] = time.time,
        block: int = _BLOCK,
    ) -> None:
        """Take over what an earlier process left at `path`; raises OSError."""
        self._path = path
        self._most_bytes = most_bytes
        self._most_seconds = most_seconds
        self._clock = clock
        self._block = block
        self._sweep_at = 0.0
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # unused for longest first
        self.bytes = 0
        self.evicted = 0  # since the start
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        self._take_over()

    def read(self, key: str) -> bytes | None:
        """Return a file's bytes, None when there is none."""
        with self._lock:
            if key not in self._kept:
                return None
            if self._is_old(self._kept[key]):
                self._drop(key)
                self.evicted += 1
                return None
            self._kept.move_to_end(key)
        try:
            fd = os.open(self._path / key, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(fd, "rb") as file:
                return file.read(self._most_bytes + 1)
        except OSError:
            self.remove(key)
            return None

    def write(self, key: str, data: bytes) -> None:
        """Keep a file, and let others go for it; one that is too large isn't kept.

        Raises OSError; what was there under the name is untouched then.
        """
        if self._taken(len(data)) > self._most_bytes:
            return
        begun = self._path / f"{_BEGUN}{secrets.token_hex(8)}"
        try:
            fd = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(data)
            with self._lock:
                begun.rename(self._path / key)
                self._forget(key)
                self._note(key, _Kept(self._taken(len(data)), self._clock()))
                self._evict()
        except OSError:
            begun.unlink(missing_ok=True)
            raise

    def remove(self, key: str) -> None:
        """Remove a file, if it is there."""
        with self._lock:
            self._drop(key)

    def _take_over(self) -> None:
        found = []
        for entry in os.scandir(self._path):
            about = entry.stat(follow_symlinks=False)
            if entry.name.startswith(_BEGUN) or not entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    Path(entry).unlink()
            else:
                found.append((about.st_mtime, entry.name, about.st_size))
        for since, name, size in sorted(found):
            self._note(name, _Kept(self._taken(size), since))
        self._evict()

    def _taken(self, size: int) -> int:
        """How much of the disk a file takes: many small ones must not fill it."""
        return max(-(-size // self._block), 1) * self._block

    def _note(self, key: str, kept: _Kept) -> None:
        self._kept[key] = kept
        self.bytes += kept.size

    def _forget(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        self.bytes -= kept.size if kept else 0

    def _drop(self, key: str) -> None:
        self._forget(key)
        with suppress(OSError):
            (self._path / key).unlink()

    def _is_old(self, kept: _Kept) -> bool:
        return self._clock() - kept.since > self._most_seconds

    def _evict(self) -> None:
        """Drop what is too old, now and then, and what is too much."""
        now = self._clock()
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_SECONDS
            old = [key for key, kept in self._kept.items() if self._is_old(kept)]
            for key in old:
                self._drop(key)
            self.evicted += len(old)
        while self.bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))
            self.evicted += 1
