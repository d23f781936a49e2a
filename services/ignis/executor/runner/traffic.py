"""What passes between executor and runner while a program runs: its output, and the wish to stop.

A runner never waits for an executor that is slow to read: what the channel
doesn't take stays where it is, in the captures, which have their caps.
"""

import math
import os
import select
import time

from ignis.executor.runner import frames
from ignis.executor.runner.channel import Channel
from ignis.executor.runner.frames import Kind
from ignis.executor.runner.streams import Capture

# A program that ends within the first has sent nothing but its outcome.
FIRST_SECONDS = 0.01
NEXT_SECONDS = 0.05
FULL = 16 * 1024  # bytes that wait for neither; also the most of one frame
_MARKS = (b"\1", b"\2")  # stdout, stderr


class Traffic:
    """One step's output on its way, and what comes the other way."""

    def __init__(self, channel: Channel, captures: tuple[Capture, Capture]) -> None:
        """Send what `captures` (stdout, stderr) hold; hear what `channel` says."""
        self.stopped = False  # whether the executor wants the program to end
        self._channel = channel
        self._captures = captures
        self._heard = b""
        self._rest = b""  # of a frame that the channel took a part of
        self._due: float | None = None  # of the monotonic clock, in seconds
        self._not_before = 0.0

    def register(self, poll: select.poll) -> None:
        """Say what to wait for."""
        out = select.POLLOUT if self._rest else 0
        if self._channel.reading == self._channel.writing:
            poll.register(self._channel.reading, select.POLLIN | out)
            return
        poll.register(self._channel.reading, select.POLLIN)
        poll.register(self._channel.writing, out)

    def hears(self, fd: int) -> bool:
        """Return whether `fd` is one of the channel's."""
        return fd in (self._channel.reading, self._channel.writing)

    def hear(self, fd: int, event: int) -> None:
        """Take in what the executor says; without an executor the runner ends, and all with it."""
        if fd == self._channel.reading and event & ~select.POLLOUT:
            self._read()
        elif event & (select.POLLERR | select.POLLHUP):
            os._exit(1)

    def wait_ms(self) -> float:
        """Return how long `flush` has nothing to do, for ever when nothing waits."""
        return math.inf if self._due is None else (self._due - time.monotonic()) * 1e3

    def flush(self, poll: select.poll) -> None:
        """Send what is due, as far as the channel takes it now."""
        blocked = bool(self._rest)
        if not blocked and not self._is_due():
            return
        self._send()
        if bool(self._rest) != blocked:
            self.register(poll)

    def finish(self) -> None:
        """Send the rest of a frame that has begun, so that others can follow."""
        self._channel.sendall(self._rest)
        self._rest = b""

    def _read(self) -> None:
        said = self._channel.recv(frames.HEADER.size - len(self._heard))
        if not said:
            os._exit(1)
        self._heard += said
        if len(self._heard) == frames.HEADER.size:
            kind, length = frames.parse_header(self._heard)
            if kind is not Kind.STOP or length:
                message = f"a program that runs has no use for a frame of kind {kind.name}"
                raise frames.FrameError(message)
            self.stopped = True
            self._heard = b""

    def _is_due(self) -> bool:
        waiting = sum(capture.waiting for capture in self._captures)
        if not waiting:
            return False
        now = time.monotonic()
        if self._due is None:
            self._due = max(now + FIRST_SECONDS, self._not_before)
        return waiting >= FULL or now >= self._due

    def _send(self) -> None:
        self._due = None
        self._not_before = time.monotonic() + NEXT_SECONDS
        rest = self._rest or self._frame()
        while rest:
            rest = rest[self._channel.offer(rest) :]
            if rest:
                break
            rest = self._frame()
        self._rest = rest

    def _frame(self) -> bytes:
        for mark, capture in zip(_MARKS, self._captures, strict=True):
            if capture.waiting:
                return frames.encode(Kind.OUTPUT, mark + capture.take(FULL))
        return b""
