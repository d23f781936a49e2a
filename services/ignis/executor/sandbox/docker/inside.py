"""The first process of a container: takes no job's byte before it is ready, then runs one.

`python3 -I -S inside.py <uid>`: standard library and the runner only. It speaks
frames on its stdin and stdout; the job's processes get `<uid>`.
"""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH100

import fcntl
import os
import signal
import sys

if __name__ == "__main__":
    # An isolated interpreter searches nothing but its standard library.
    sys.path.insert(0, os.path.abspath(__file__).rsplit("/ignis/", 1)[0])

from ignis.executor.runner import frames, main, step
from ignis.executor.runner.container import open_shared
from ignis.executor.runner.frames import Kind
from ignis.executor.runner.place import BOX, OUTSIDE, Place

FOLDERS = (BOX, *OUTSIDE)


class Pipes:
    """Stdin and stdout as one channel."""

    def recv(self, size: int, /) -> bytes:
        """Return up to `size` bytes of stdin."""
        return os.read(0, size)

    def sendall(self, data: bytes, /) -> None:
        """Write all of `data` to stdout."""
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]


def serve(uid: int) -> None:
    """Say that everything is loaded, take one job, run it."""
    os.setgroups([])  # engines give root its own
    channel = Pipes()
    place = Place(uid=uid, groups=(), shared=open_shared(), folders=FOLDERS)
    prepared = step.prepare()
    channel.sendall(frames.encode(Kind.READY))
    try:
        program = main.receive(channel, place)
    except frames.FrameError:
        return  # nobody needs this container any more
    _die_with_the_executor()
    main.run(channel, program, place, prepared)


def _die_with_the_executor() -> None:
    """End the container as soon as nobody holds the other end of stdin."""
    signal.signal(signal.SIGIO, lambda *_: os._exit(1))
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)


if __name__ == "__main__":
    try:
        serve(int(sys.argv[1]))
    except BaseException as error:  # noqa: BLE001 - the executor hears of everything
        broken = f"{type(error).__name__}: {error}"
        Pipes().sendall(frames.encode(Kind.BROKEN, broken.encode()))
        os._exit(1)
    os._exit(0)
