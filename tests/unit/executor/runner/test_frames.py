"""Frames."""

import io

import pytest

from ignis.executor.runner import frames
from ignis.executor.runner.frames import FrameError, Kind


def test_round_trip() -> None:
    """What is encoded is read back, frame by frame, whatever the payload."""
    stream = io.BytesIO(frames.encode(Kind.PROGRAM, b"\0\1") + frames.encode(Kind.END))

    assert (Kind.PROGRAM, b"\0\1") == frames.read(stream.read)
    assert (Kind.END, b"") == frames.read(stream.read)


def test_short_reads() -> None:
    """A stream that gives one byte at a time is read all the same."""
    stream = io.BytesIO(frames.encode(Kind.RAN, b"abc"))

    assert (Kind.RAN, b"abc") == frames.read(lambda _: stream.read(1))


@pytest.mark.parametrize("size", [0, 3, 7])
def test_early_end(size: int) -> None:
    """A stream that ends early is an error."""
    data = frames.encode(Kind.RAN, b"abc")[:size]

    with pytest.raises(FrameError, match="early"):
        frames.read(io.BytesIO(data).read)


@pytest.mark.parametrize("header", [b"\x63\0\0\0\0", b"\x01\xff\xff\xff\xff"])
def test_nonsense(header: bytes) -> None:
    """A kind that doesn't exist and an absurd length are errors."""
    with pytest.raises(FrameError, match="not a frame"):
        frames.parse_header(header)
