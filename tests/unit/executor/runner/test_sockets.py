"""What sockets may hold."""

from ignis.executor.runner import sockets

TEXT = b"sockets: used %d\nTCP: inuse 4 orphan 0 tw 0 alloc 9 mem 1\n"


def test_few_sockets() -> None:
    """The sockets that a program usually has count for nothing."""
    assert 0 == sockets.held_in(TEXT % 0)
    assert 0 == sockets.held_in(TEXT % 128)


def test_many_sockets() -> None:
    """Each above that counts with a full buffer."""
    assert 2 * sockets.BUFFER_KB == sockets.held_in(TEXT % 130)


def test_of_this_process() -> None:
    """The kernel's own file is understood."""
    assert sockets.held_kb() >= 0
