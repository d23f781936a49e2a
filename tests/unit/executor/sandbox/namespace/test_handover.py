"""What a finished sandbox hands to its driver."""

import os
import socket
from pathlib import Path

import pytest

from ignis.executor.runner import frames
from ignis.executor.runner.frames import FrameError, Kind
from ignis.executor.sandbox.namespace import handover
from ignis.executor.sandbox.namespace.handover import Handles


@pytest.mark.parametrize(
    ("file_bytes", "size", "inodes"),
    [(0, 4096, 4096), (4097, 8192, 4096), (64 << 20, 64 << 20, 16384), (1 << 40, 1 << 40, 65536)],
)
def test_tmpfs_options(file_bytes: int, size: int, inodes: int) -> None:
    """Files have the size asked for in whole pages, and never none, which would be no limit."""
    expected = {"size": str(size), "nr_inodes": str(inodes)}

    assert expected == handover.tmpfs_options(file_bytes)


@pytest.mark.enable_socket
@pytest.mark.parametrize("groups", [(), ((2, 1), (2, 1))])
def test_handles(groups: tuple[tuple[int, ...], ...], tmp_path: Path) -> None:
    """Handles arrive in their order, and the sandbox keeps none."""
    files = [tmp_path / str(index) for index in range(1 + sum(map(len, groups)))]
    opened = iter([os.open(file, os.O_WRONLY | os.O_CREAT) for file in files])
    given = Handles(next(opened), tuple(tuple(next(opened) for _ in group) for group in groups))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        handover.give(theirs, given)
        taken = handover.take(ours)
    held = [taken.files, *(fd for group in taken.groups for fd in group)]
    names = [str(Path(f"/proc/self/fd/{fd}").readlink()) for fd in held]
    inherited = [fd for fd in held if os.get_inheritable(fd)]
    handover.close(taken)

    assert list(map(str, files)) == names
    assert [] == inherited
    assert [len(group) for group in groups] == [len(group) for group in taken.groups]


@pytest.mark.enable_socket
def test_broken() -> None:
    """A sandbox that broke is heard; one that ended without a word is told from it."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(frames.encode(Kind.BROKEN, b"no tmpfs"))
            with pytest.raises(FrameError, match="no tmpfs"):
                handover.take(ours)
        with pytest.raises(FrameError, match="ended"):
            handover.take(ours)
