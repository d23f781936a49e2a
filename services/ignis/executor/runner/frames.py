"""The frames between the executor and a runner: a kind, a length, a payload."""

import struct
from collections.abc import Callable
from enum import IntEnum

HEADER = struct.Struct("!BI")
MAX_PAYLOAD = 256 * 1024 * 1024


class Kind(IntEnum):
    """What a frame carries."""

    PROGRAM = 1  # to the runner: the job
    COMPILED = 2  # from the runner: the outcome of the compile step
    RAN = 3  # from the runner: the outcome of the run step
    END = 4  # from the runner: nothing follows
    BROKEN = 5  # from the runner: the sandbox failed, in words
    READY = 6  # from the runner: it waits for a job; a driver's descriptors may come along
    OUTPUT = 7  # from the runner: what the step that runs has printed; its first byte is 1 or 2
    STOP = 8  # to the runner: end the program, and report what it did
    # From the runner: what the compile step left. To it, before PROGRAM: the same, to be restored.
    ARTEFACT = 9


class FrameError(Exception):
    """The other side closed early, or sent what is no frame."""


def encode(kind: Kind, payload: bytes = b"") -> bytes:
    """Return one frame; the payload may have up to MAX_PAYLOAD bytes."""
    if len(payload) > MAX_PAYLOAD:
        message = f"a frame of {len(payload)} bytes is too long"
        raise FrameError(message)
    return header(kind, len(payload)) + payload


def header(kind: Kind, length: int) -> bytes:
    """Return the beginning of a frame whose payload of `length` bytes is sent after it."""
    return HEADER.pack(kind, length)


def parse_header(header: bytes) -> tuple[Kind, int]:
    """Return the kind and the payload's length in bytes."""
    number, length = HEADER.unpack(header)
    if length > MAX_PAYLOAD or number not in Kind.__members__.values():
        message = f"not a frame: kind {number}, {length} bytes"
        raise FrameError(message)
    return Kind(number), length


def read(receive: Callable[[int], bytes]) -> tuple[Kind, bytes]:
    """Read one frame with `receive`, which returns up to n bytes, and none at the end."""
    kind, length = parse_header(exactly(receive, HEADER.size))
    return kind, exactly(receive, length)


def exactly(receive: Callable[[int], bytes], size: int) -> bytes:
    """Read `size` bytes; raises FrameError when there are fewer."""
    chunks = []
    missing = size
    while missing:
        chunk = receive(min(missing, 1 << 20))
        if not chunk:
            message = f"the connection ended {missing} bytes early"
            raise FrameError(message)
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)
