"""The three pipes of a step: what it prints is taken up to a cap, what it reads is fed."""

import os

_CHUNK = 1 << 16


class Capture:
    """Takes the first `limit` bytes of a pipe; they wait until somebody takes them."""

    def __init__(self, fd: int, limit: int) -> None:
        """Read from `fd`, which becomes non-blocking."""
        os.set_blocking(fd, False)
        self.fd = fd
        self.open = True
        self.truncated = False
        self._room = limit
        self._waiting = bytearray()

    @property
    def waiting(self) -> int:
        """How many bytes nobody has taken."""
        return len(self._waiting)

    def take(self, most: int) -> bytes:
        """Return up to `most` of the bytes that wait, which wait no longer."""
        taken = bytes(self._waiting[:most])
        del self._waiting[:most]
        return taken

    def read(self) -> bool:
        """Take one chunk of what is there; returns whether there may be more."""
        try:
            chunk = os.read(self.fd, _CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            self.open = False
            return False
        if len(chunk) > self._room:
            self.truncated = True
        kept = chunk[: self._room]
        self._room -= len(kept)
        self._waiting += kept
        return True

    def finish(self) -> bytes:
        """Return what nobody has taken, with what is left in the pipe up to the cap; close it.

        Nobody holds the other end by now, so that this can't go on for ever.
        """
        while not self.truncated and self.read():
            pass
        os.close(self.fd)
        return bytes(self._waiting)


class Feed:
    """Writes bytes to a pipe as fast as its reader takes them."""

    def __init__(self, fd: int, data: bytes) -> None:
        """Write `data` to `fd`, which becomes non-blocking."""
        os.set_blocking(fd, False)
        self.fd = fd
        self.open = True
        self._rest = memoryview(data)
        if not data:
            self.close()

    def write(self) -> None:
        """Write what the pipe takes now; closes it after the last byte, or without a reader."""
        try:
            self._rest = self._rest[os.write(self.fd, self._rest[:_CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.close()
            return
        if not self._rest:
            self.close()

    def close(self) -> None:
        """Close the pipe; the reader sees the end of its input."""
        if self.open:
            self.open = False
            os.close(self.fd)
