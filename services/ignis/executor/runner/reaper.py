"""Waits for processes: the runner is the first of its namespace, so all orphans are its own."""

import os
import resource
import signal

Ended = tuple[int, resource.struct_rusage]


def wake_on_death() -> int:
    """Return a descriptor that becomes readable whenever a child ends."""
    reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Python would turn it into an exception, and the job may have the same uid.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def clear(wake: int) -> None:
    """Empty the descriptor of `wake_on_death`."""
    try:
        while os.read(wake, 4096):
            pass
    except BlockingIOError:
        pass


def collect() -> dict[int, Ended]:
    """Return the children that have ended, without waiting, by their pids."""
    found = {}
    try:
        while True:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                break
            found[pid] = (status, usage)
    except ChildProcessError:
        pass
    return found


def kill_all() -> dict[int, Ended]:
    """Kill every process of the namespace but the runner; returns them when they are gone."""
    found = {}
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            found.update(collect())
            return found
        try:
            pid, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            continue
        found[pid] = (status, usage)
