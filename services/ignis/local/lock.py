"""Makes sure that one stack at a time uses a data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ignis.local.errors import StackError
from ignis.local.files import private_folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder; the kernel lets go of it when this process ends, however it ends.

    Raises:
        StackError: when another stack holds it, or the folder can't be written.
    """
    try:
        private_folder(folder)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StackError(
            f"cannot write to {folder} ({error.strerror}): "
            "choose another folder with IGNIS_DATA_DIR, or give yourself this one"
        ) from None
    try:
        _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii").strip() or "unknown"
        raise StackError(
            f"a stack with pid {holder} is already using {folder}: stop that one, "
            "or start this one beside it with `IGNIS_DATA_DIR=.ignis2 PORT=8081 make run`"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
