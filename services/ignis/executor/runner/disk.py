"""Adds up the job's file systems, where one size doesn't hold for all of them."""

import os


class Disk:
    """What the files below `folders` take together, against a limit in bytes."""

    def __init__(self, folders: tuple[str, ...], limit: int) -> None:
        self._folders = folders
        self._limit = limit

    def full(self) -> bool:
        """Return whether the files take more than the limit."""
        return sum(map(_used, self._folders)) > self._limit


def _used(folder: str) -> int:
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize
