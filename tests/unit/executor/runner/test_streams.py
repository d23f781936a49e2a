"""Capturing output and feeding input."""

import os

import pytest

from ignis.executor.runner.streams import Capture, Feed


@pytest.mark.parametrize(
    ("size", "kept", "truncated"), [(9, 9, False), (10, 10, False), (11, 10, True)]
)
def test_capture(size: int, kept: int, truncated: bool) -> None:
    """The first bytes up to the cap are kept, and more than that is flagged."""
    reading, writing = os.pipe()
    capture = Capture(reading, 10)
    os.write(writing, b"x" * size)
    os.close(writing)

    assert b"x" * kept == capture.finish()
    assert truncated == capture.truncated


def test_capture_waits_for_nobody() -> None:
    """A pipe that somebody still holds open is finished with what is in it."""
    reading, writing = os.pipe()
    capture = Capture(reading, 10)
    os.write(writing, b"ab")

    assert b"ab" == capture.finish()
    os.close(writing)


def test_feed() -> None:
    """All bytes arrive, in pieces as the reader takes them, and then the end."""
    reading, writing = os.pipe()
    data = bytes(range(256)) * 1024
    feed = Feed(writing, data)
    received = b""
    while feed.open:
        feed.write()
        received += os.read(reading, 1 << 17)
    while chunk := os.read(reading, 1 << 17):
        received += chunk
    os.close(reading)

    assert data == received


def test_feed_without_reader() -> None:
    """A reader that went away ends the feeding."""
    reading, writing = os.pipe()
    feed = Feed(writing, b"x")
    os.close(reading)
    feed.write()

    assert not feed.open


def test_feed_of_nothing() -> None:
    """Without input the pipe is closed at once."""
    reading, writing = os.pipe()

    assert not Feed(writing, b"").open
    assert b"" == os.read(reading, 1)
    os.close(reading)


def test_what_was_taken_waits_no_longer() -> None:
    """Bytes are taken once, in their order; the cap counts those that were taken too."""
    reading, writing = os.pipe()
    capture = Capture(reading, 5)
    os.write(writing, b"abcd")
    capture.read()
    assert (b"abc", 1) == (capture.take(3), capture.waiting)
    os.write(writing, b"efg")
    os.close(writing)

    assert b"de" == capture.finish()
    assert capture.truncated
