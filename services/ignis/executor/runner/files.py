"""Writes a program's files into the work folder, and nowhere else."""

import os

from ignis.executor.models import ProgramFile

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class FileError(Exception):
    """A file could not be written; the text is for the program's author."""


def write_files(folder: str, files: tuple[ProgramFile, ...]) -> None:
    """Write each file below `folder`; raises FileError for the first that fails."""
    root = os.open(folder, _FOLDER)
    try:
        for file in files:
            _write(root, file)
    finally:
        os.close(root)


def _write(root: int, file: ProgramFile) -> None:
    parts = file.name.split("/")
    if not all(part not in ("", ".", "..") for part in parts):
        message = f"{file.name!r} is not a relative path below the work folder"
        raise FileError(message)
    try:
        parent = _enter(root, parts[:-1])
        try:
            _fill(os.open(parts[-1], _NEW_FILE, 0o644, dir_fd=parent), file.content)
        finally:
            os.close(parent)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"{file.name!r} can't be written: {reason}"
        raise FileError(message) from error


def _enter(root: int, folders: list[str]) -> int:
    current = os.dup(root)
    for name in folders:
        try:
            os.mkdir(name, 0o755, dir_fd=current)
        except FileExistsError:
            pass
        except BaseException:  # whatever it was, the folder's descriptor must not leak
            os.close(current)
            raise
        try:
            following = os.open(name, _FOLDER, dir_fd=current)
        finally:
            os.close(current)
        current = following
    return current


def _fill(fd: int, content: bytes) -> None:
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)
