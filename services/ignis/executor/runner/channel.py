"""The runner's end of the way to the executor: two descriptors, or one for both directions."""

import os
import select


class Channel:
    """Bytes in and out; only `offer` never waits."""

    def __init__(self, reading: int, writing: int) -> None:
        """Use the descriptors, which become non-blocking; the caller closes them."""
        self.reading = reading
        self.writing = writing
        for fd in (reading, writing):
            os.set_blocking(fd, False)

    def recv(self, size: int, /) -> bytes:
        """Return up to `size` bytes as soon as there are any, none at the end."""
        while True:
            try:
                return os.read(self.reading, size)
            except BlockingIOError:
                _wait(self.reading, select.POLLIN)

    def sendall(self, data: bytes, /) -> None:
        """Send all of `data`."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.offer(rest) :]
            if rest:
                _wait(self.writing, select.POLLOUT)

    def offer(self, data: bytes | memoryview, /) -> int:
        """Send what can be sent now; returns how many bytes that were."""
        try:
            return os.write(self.writing, data)
        except BlockingIOError:
            return 0


def _wait(fd: int, event: int) -> None:
    poll = select.poll()
    poll.register(fd, event)
    poll.poll()
