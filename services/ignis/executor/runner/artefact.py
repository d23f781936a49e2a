"""Takes what a compile step left out of the work folder, and puts it into another one.

The bytes in between mean nothing to anybody else: the host keeps them, and
never makes a file of them.
"""

import os
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

MOST_ENTRIES = 4096
_MOST_DEPTH = 32
_MOST_FOLDERS_OUTSIDE = 32
_MOST_NAME = 4096  # bytes of a path
_CHUNK = 1 << 16
_HEADER = struct.Struct("!IIQq")  # bytes of the name, mode, size, time of the last change in ns
_PERMISSIONS = 0o777
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A FIFO in a file's place must not be waited for.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class ArtefactError(Exception):
    """Something that could not be restored as it was, and so is not kept."""


class Entry(NamedTuple):
    """A regular file or a folder; `name` is its path below the work folder."""

    name: bytes
    mode: int  # as in stat: its kind, and its permissions
    size: int
    changed_ns: int

    def header(self) -> bytes:
        """Return the bytes before its content."""
        return _HEADER.pack(len(self.name), self.mode, self.size, self.changed_ns) + self.name


class Channel(Protocol):
    """Where the bytes go."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of `data`."""


def survey(folder: str, most_bytes: int, outside: tuple[str, ...] = ()) -> list[Entry]:
    """Return what is in `folder`: regular files and folders, each folder before its content.

    Raises ArtefactError for anything else, for what is too much, and when
    there are files in the folders `outside`, which wouldn't be restored.
    Only while none of the job's processes exists.
    """
    if not all(map(_bare, outside)):
        raise ArtefactError("there are files outside of the work folder")
    entries = []
    size = 0
    root = os.open(folder, _FOLDER)
    try:
        for entry in _below(root, b"", 0):
            entries.append(entry)
            size += entry.size
            if len(entries) > MOST_ENTRIES or size > most_bytes:
                raise ArtefactError("there is too much of it")
    except OSError as error:
        raise ArtefactError(str(error)) from error
    finally:
        os.close(root)
    return entries


def length(entries: list[Entry]) -> int:
    """Return how many bytes `send` sends."""
    return sum(_HEADER.size + len(entry.name) + entry.size for entry in entries)


def send(channel: Channel, folder: str, entries: list[Entry]) -> None:
    """Send the entries with their content, a chunk at a time.

    Raises ArtefactError when one of them isn't any more what it was.
    """
    root = os.open(folder, _FOLDER)
    try:
        for entry in entries:
            channel.sendall(entry.header())
            if stat.S_ISREG(entry.mode):
                _send_content(channel, root, entry)
    finally:
        os.close(root)


def restore(receive: Callable[[int], bytes], size: int, folder: str) -> None:
    """Write the entries of `size` bytes into `folder`, which is empty, and nowhere else.

    `receive` returns exactly as many bytes as it is asked for. Raises
    ArtefactError for what no `send` sends, OSError when there is no room.
    """
    folders = []
    root = os.open(folder, _FOLDER)
    try:
        while size > 0:
            name_size, mode, content, changed_ns = _HEADER.unpack(receive(_HEADER.size))
            size -= _HEADER.size + name_size + content
            if name_size > _MOST_NAME or size < 0:
                raise ArtefactError("its lengths don't add up")
            entry = Entry(receive(name_size), mode, content, changed_ns)
            if stat.S_ISDIR(mode) and not content:
                with _parent(root, entry.name) as (parent, name):
                    os.mkdir(name, 0o755, dir_fd=parent)
                folders.append(entry)
            elif stat.S_ISREG(mode):
                _restore_file(receive, root, entry)
            else:
                raise ArtefactError("it has something that is neither file nor folder")
        for entry in reversed(folders):  # at last: one may be read-only
            with _parent(root, entry.name) as (parent, name):
                os.chmod(name, entry.mode & _PERMISSIONS, dir_fd=parent)
    finally:
        os.close(root)


def _below(folder: int, path: bytes, depth: int) -> Iterator[Entry]:
    if depth > _MOST_DEPTH:
        raise ArtefactError("its folders are too deep")
    for name in os.listdir(folder):
        encoded = os.fsencode(name)
        full = path + b"/" + encoded if path else encoded
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            yield Entry(full, _plain(found), 0, found.st_mtime_ns)
            opened = os.open(name, _FOLDER, dir_fd=folder)
            try:
                yield from _below(opened, full, depth + 1)
            finally:
                os.close(opened)
        elif stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            os.close(os.open(name, _FILE, dir_fd=folder))  # or `send` would fail half-way
            yield Entry(full, _plain(found), found.st_size, found.st_mtime_ns)
        else:
            raise ArtefactError("there is something that is neither a folder nor one file")


def _plain(found: os.stat_result) -> int:
    permissions = stat.S_IMODE(found.st_mode)
    if permissions & ~_PERMISSIONS:
        raise ArtefactError("there are special permissions")
    return found.st_mode


def _bare(folder: str) -> bool:
    """Return whether there are only folders."""
    try:
        return all(stat.S_ISDIR(mode) for mode in _modes(folder))
    except OSError:
        return False


def _modes(folder: str) -> Iterator[int]:
    opened = os.open(folder, _FOLDER)
    try:
        walk = os.fwalk(".", onerror=_refuse, dir_fd=opened)
        for count, (_, folders, files, at) in enumerate(walk):
            if count > _MOST_FOLDERS_OUTSIDE:
                raise OSError("too many folders")
            for name in (*folders, *files):
                yield os.stat(name, dir_fd=at, follow_symlinks=False).st_mode
    finally:
        os.close(opened)


def _refuse(error: OSError) -> None:
    raise error


def _send_content(channel: Channel, root: int, entry: Entry) -> None:
    with _parent(root, entry.name) as (parent, name):
        fd = os.open(name, _FILE, dir_fd=parent)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_size != entry.size:
            raise ArtefactError("a file has changed")
        left = entry.size
        while left:
            chunk = os.read(fd, min(left, _CHUNK))
            if not chunk:
                raise ArtefactError("a file has shrunk")
            channel.sendall(chunk)
            left -= len(chunk)
    finally:
        os.close(fd)


def _restore_file(receive: Callable[[int], bytes], root: int, entry: Entry) -> None:
    with _parent(root, entry.name) as (parent, name):
        fd = os.open(name, _NEW_FILE, 0o600, dir_fd=parent)
    try:
        left = entry.size
        while left:
            view = memoryview(receive(min(left, _CHUNK)))
            left -= len(view)
            while view:
                view = view[os.write(fd, view) :]
        os.fchmod(fd, entry.mode & _PERMISSIONS)
        os.utime(fd, ns=(entry.changed_ns, entry.changed_ns))
    finally:
        os.close(fd)


@contextmanager
def _parent(root: int, path: bytes) -> Iterator[tuple[int, bytes]]:
    """Open the folder that an entry is in; yields its descriptor, and the entry's name there."""
    *folders, name = path.split(b"/")
    if any(part in (b"", b".", b"..") for part in (*folders, name)):
        raise ArtefactError("a name leads out of the work folder")
    current = os.dup(root)
    try:
        for folder in folders:
            following = os.open(folder, _FOLDER, dir_fd=current)
            os.close(current)
            current = following
        yield current, name
    finally:
        os.close(current)
