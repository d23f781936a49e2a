"""Starts a step's first process: joined, limited, under its own uid, with three pipes."""

import errno
import os
import signal
import time
from typing import NamedTuple, NoReturn

from ignis.executor.models import Step
from ignis.executor.runner import rlimits
from ignis.executor.runner.place import BASE_ENV, BOX, Place

_FAILED = 127
_MOST_FILES = 1 << 20
_OOM_SCORE = b"500"
# Python ignores these at start; a program must find them as the kernel gives them.
_TO_RESET = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGINT)


class StartError(Exception):
    """The step could not be started; the text is for the program's author."""


class Started(NamedTuple):
    """A step's first process, when it began, and the runner's ends of its pipes."""

    pid: int
    begun: float  # of the monotonic clock, in seconds
    stdin: int
    stdout: int
    stderr: int


def start(step: Step, place: Place, join: tuple[int, ...]) -> Started:
    """Start the step and return once its program runs; raises StartError."""
    argv, env = _prepare(step)
    path = os.fsencode(step.path) or env.get(b"PATH", b"")
    chosen = rlimits.rlimits(step.limits, cgroup=bool(join))
    stdin, stdout, stderr, failure = (os.pipe() for _ in range(4))
    pid = os.fork()
    if pid == 0:
        os.close(failure[0])
        stdio = (stdin[0], stdout[1], stderr[1])
        _become(argv, env, path, place, join, chosen, stdio, failure[1])
    for fd in (stdin[0], stdout[1], stderr[1], failure[1]):
        os.close(fd)
    told = os.read(failure[0], 64)
    os.close(failure[0])
    if told:
        os.waitpid(pid, 0)
        for fd in (stdin[1], stdout[0], stderr[0]):
            os.close(fd)
        raise StartError(_explain(step, told))
    return Started(pid, time.monotonic(), stdin[1], stdout[0], stderr[0])


def _prepare(step: Step) -> tuple[list[bytes], dict[bytes, bytes]]:
    try:
        argv = [os.fsencode(part) for part in step.argv]
        env = {os.fsencode(k): os.fsencode(v) for k, v in (BASE_ENV | dict(step.env)).items()}
    except UnicodeEncodeError as error:
        message = "an argument or environment variable is not valid Unicode"
        raise StartError(message) from error
    if not argv or not argv[0]:
        raise StartError("the command is empty")
    everything = b"".join((*argv, *env, *env.values()))
    if b"\0" in everything:
        raise StartError("an argument or environment variable has a NUL byte")
    if any(not name or b"=" in name for name in env):
        raise StartError("the name of an environment variable is empty or has a '='")
    return argv, env


def _become(
    argv: list[bytes],
    env: dict[bytes, bytes],
    path: bytes,
    place: Place,
    join: tuple[int, ...],
    chosen: dict[int, rlimits.Pair],
    stdio: tuple[int, int, int],
    failure: int,
) -> NoReturn:
    phase = b"S"
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in _TO_RESET:
            signal.signal(number, signal.SIG_DFL)
        for fd in join:
            os.write(fd, b"0")
        if place.shared is not None:
            _volunteer()
        rlimits.apply(chosen)
        if place.uid is not None:
            os.setresgid(place.uid, place.uid, place.uid)
            os.setresuid(place.uid, place.uid, place.uid)
        for target, fd in enumerate(stdio):
            os.dup2(fd, target)
        # The runner's channel and the cgroups above all: nothing is left to chance.
        os.closerange(len(stdio), failure)
        os.closerange(failure + 1, _MOST_FILES)
        os.umask(0o022)
        os.chdir(BOX)
        phase = b"X"
        _execute(argv, env, path)
    except (OSError, ValueError) as error:
        code = error.errno if isinstance(error, OSError) else errno.EINVAL
        os.write(failure, phase + str(code).encode())
    finally:
        os._exit(_FAILED)


def _volunteer() -> None:
    """Be killed before the runner when the container runs out of memory."""
    fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    os.write(fd, _OOM_SCORE)
    os.close(fd)


def _execute(argv: list[bytes], env: dict[bytes, bytes], path: bytes) -> NoReturn:
    """Become the program; unlike execvpe, the PATH that it gets doesn't choose it."""
    if b"/" in argv[0]:
        os.execve(argv[0], argv, env)  # noqa: S606 - what a step is
    error = OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    for folder in path.split(b":"):
        try:
            os.execve(folder + b"/" + argv[0], argv, env)  # noqa: S606 - as above
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as refused:
            error = refused
    raise error


def _explain(step: Step, told: bytes) -> str:
    number = int(told[1:])
    if told[:1] == b"S":
        return f"the sandbox could not prepare the step: {os.strerror(number)}"
    if number == errno.ENOENT:
        return f"{step.argv[0]}: command not found"
    return f"{step.argv[0]}: {os.strerror(number)}"
