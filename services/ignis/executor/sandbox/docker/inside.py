"""The first process of a container: takes no job's byte before it is ready, then runs one.

`python3 -I -S inside.py <uid>`: standard library and the runner only. It speaks
frames on its stdin and stdout; the job's processes get `<uid>`.
"""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH100

import fcntl
import os
import select
import signal
import sys
import termios

if __name__ == "__main__":
    # An isolated interpreter searches nothing but its standard library.
    sys.path.insert(0, os.path.abspath(__file__).rsplit("/ignis/", 1)[0])

from ignis.executor.runner import frames, main, step
from ignis.executor.runner.channel import Channel
from ignis.executor.runner.container import open_shared
from ignis.executor.runner.frames import Kind
from ignis.executor.runner.place import BOX, OUTSIDE, Place

FOLDERS = (BOX, *OUTSIDE)


def serve(uid: int) -> None:
    """Say that everything is loaded, take one job, run it."""
    os.setgroups([])  # engines give root its own
    channel = Channel(reading=0, writing=1)
    place = Place(uid=uid, groups=(), shared=open_shared(), folders=FOLDERS)
    prepared = step.prepare(place)
    channel.sendall(frames.encode(Kind.READY))
    try:
        program = main.receive(channel, place)
    except frames.FrameError:
        return  # nobody needs this container any more
    _die_with_the_executor()
    main.run(channel, program, place, prepared)


def _die_with_the_executor() -> None:
    """End the container as soon as nobody holds the other end of stdin, whatever it does."""
    signal.signal(signal.SIGIO, _end_if_alone)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)


def _end_if_alone(*_signal: object) -> None:
    """End, unless the signal came because the executor said something."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    said = bytearray(4)
    for _, event in poll.poll(0):
        fcntl.ioctl(0, termios.FIONREAD, said)
        if event & select.POLLHUP or not any(said):
            os._exit(1)


if __name__ == "__main__":
    try:
        serve(int(sys.argv[1]))
    except BaseException as error:  # noqa: BLE001 - the executor hears of everything
        broken = f"{type(error).__name__}: {error}"
        Channel(reading=0, writing=1).sendall(frames.encode(Kind.BROKEN, broken.encode()))
        os._exit(1)
    os._exit(0)
