"""What a finished sandbox gives the driver, so that a job's limits can be set from outside."""

import os
import socket
from array import array
from typing import NamedTuple

from ignis.executor.runner import frames
from ignis.executor.runner.frames import FrameError, Kind
from ignis.executor.sandbox.cgroups import steps
from ignis.executor.sandbox.namespace import linux

_PAGE = 4096
_MIN_INODES = 4096
_MAX_INODES = 65536
_MOST_BYTES = 4096
_MOST_HANDLES = 16


class Limited(NamedTuple):
    """The limits of one step's cgroup."""

    memory_kb: int
    processes: int


class Handles(NamedTuple):
    """Descriptors: of the tmpfs, and of the limits of each step's cgroup, if there are any."""

    files: int
    groups: tuple[tuple[int, ...], ...]


def give(channel: socket.socket, handles: Handles) -> None:
    """Send the handles with a READY frame, and close them: no runner needs them again."""
    descriptors = [handles.files, *(fd for group in handles.groups for fd in group)]
    frame = frames.encode(Kind.READY, bytes([len(handles.groups)]))
    socket.send_fds(channel, [frame], descriptors)
    for fd in descriptors:
        os.close(fd)


def take(channel: socket.socket) -> Handles:
    """Return what `give` sent.

    Raises BlockingIOError when there is nothing yet, and FrameError, with the
    sandbox's own words if it had any, when it broke before it was finished.
    """
    data, descriptors = receive(channel)
    if not data:
        raise FrameError("it ended before it was ready")
    kind, _ = frames.parse_header(data[: frames.HEADER.size])
    payload = data[frames.HEADER.size :]
    if kind is not Kind.READY:
        raise FrameError(payload.decode(errors="replace"))
    files, *rest = descriptors
    count = payload[0]
    size = len(rest) // max(count, 1)
    groups = tuple(tuple(rest[i * size : (i + 1) * size]) for i in range(count))
    return Handles(files, groups)


def receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    """Return what comes next, with its descriptors, which no other program inherits."""
    # socket.recv_fds forgets its flags: a process started now would inherit them.
    descriptors = array("i")
    room = socket.CMSG_SPACE(_MOST_HANDLES * descriptors.itemsize)
    data, extra, _, _ = channel.recvmsg(_MOST_BYTES, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in extra:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    return data, descriptors.tolist()


def limit(handles: Handles, file_bytes: int, wanted: tuple[Limited, ...]) -> None:
    """Set the size of all files together, and the limits of the first groups, one per step."""
    linux.reconfigure(handles.files, tmpfs_options(file_bytes))
    if handles.groups:
        for files, limits in zip(handles.groups[: len(wanted)], wanted, strict=True):
            steps.limit(files, *limits)


def close(handles: Handles) -> None:
    """Close every descriptor."""
    for fd in (handles.files, *(fd for group in handles.groups for fd in group)):
        os.close(fd)


def tmpfs_options(file_bytes: int) -> dict[str, str]:
    """Return the options of a tmpfs for `file_bytes`: at least a page, since 0 is no limit."""
    inodes = min(max(file_bytes // _PAGE, _MIN_INODES), _MAX_INODES)
    size = max(-(-file_bytes // _PAGE), 1) * _PAGE
    return {"size": str(size), "nr_inodes": str(inodes)}
