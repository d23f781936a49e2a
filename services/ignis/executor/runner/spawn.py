"""Starts a step's first process: joined, limited, under its own uid, with three pipes."""

import errno
import marshal
import os
import signal
import time
from contextlib import suppress
from typing import NamedTuple, NoReturn, Protocol

from ignis.executor.models import Step
from ignis.executor.runner import rlimits
from ignis.executor.runner.place import BASE_ENV, BOX, Group, Place

FAILED = 127
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


class Ahead(NamedTuple):
    """A step's first process, which waits to be told what to become, and the runner's pipes."""

    pid: int
    order: int
    stdin: int
    stdout: int
    stderr: int
    failure: int
    late: tuple[int, ...]  # what it joins its cgroup by when it gets its order

    def close(self) -> None:
        """Close the pipes that a step that didn't start has no use for."""
        for fd in (self.stdin, self.stdout, self.stderr):
            os.close(fd)


class Waiting(NamedTuple):
    """What that process has: where its order comes from, its stdio, where it tells a failure.

    It writes 0 to each of `join` to join its cgroup before its order.
    """

    order: int
    stdio: tuple[int, int, int]
    failure: int
    join: tuple[int, ...]


class Interpreter(Protocol):
    """The interpreter that this process is a copy of, stopped before it reads its program."""

    script: int  # the descriptor that it reads its program from

    def take(self, argv: list[bytes], env: dict[bytes, bytes], path: bytes) -> bool:
        """Make ready to run the program, if a new interpreter would do the same with it."""


def fork(group: Group | None) -> Ahead | Waiting:
    """Fork a step's first process before the step is known: most of what a start costs.

    It may join its cgroup at once: in v2 that waits for all processors (10 to 30 ms).
    Returns Waiting in that process, which has to `become` the program.
    """
    early, late = _when(group)
    order, stdin, stdout, stderr, failure = (os.pipe() for _ in range(5))
    pid = os.fork()
    if pid == 0:
        for fd in (order[1], stdin[1], stdout[0], stderr[0], failure[0]):
            os.close(fd)
        return Waiting(order[0], (stdin[0], stdout[1], stderr[1]), failure[1], early)
    for fd in (order[0], stdin[0], stdout[1], stderr[1], failure[1]):
        os.close(fd)
    return Ahead(pid, order[1], stdin[1], stdout[0], stderr[0], failure[0], late)


def _when(group: Group | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return what to join by before the order, and with it."""
    if group is None:
        return (), ()
    return (group.join, ()) if group.ahead else ((), group.join)


def fork_ahead(group: Group | None) -> Ahead:
    """Fork a step's first process, which will execute its program."""
    forked = fork(group)
    if isinstance(forked, Waiting):
        become(forked)
        os._exit(FAILED)
    return forked


def start(ahead: Ahead, step: Step, place: Place) -> Started:
    """Start the step and return once its program runs; raises StartError."""
    try:
        argv, env = _prepare(step)
    except StartError:
        os.close(ahead.order)  # it ends without an order
        os.waitpid(ahead.pid, 0)
        os.close(ahead.failure)
        ahead.close()
        raise
    path = os.fsencode(step.path) or env.get(b"PATH", b"")
    chosen = rlimits.rlimits(step.limits, cgroup=bool(place.groups), own_uid=place.uid is not None)
    shared = place.shared is not None
    # A broken pipe: it has failed already, and told why.
    with suppress(BrokenPipeError), open(ahead.order, "wb") as order:  # noqa: PTH123 - a descriptor
        order.write(marshal.dumps((argv, env, path, place.uid, shared, ahead.late, chosen)))
    told = os.read(ahead.failure, 64)
    os.close(ahead.failure)
    if told:
        os.waitpid(ahead.pid, 0)
        ahead.close()
        raise StartError(_explain(step, told))
    return Started(ahead.pid, time.monotonic(), ahead.stdin, ahead.stdout, ahead.stderr)


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


def become(waiting: Waiting, interpreter: Interpreter | None = None) -> None:
    """Wait for the order, and become the program.

    Returns only when `interpreter` has taken it, and shall go on.
    """
    phase = b"S"
    taken = False
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in _TO_RESET:
            signal.signal(number, signal.SIG_DFL)
        for target, fd in enumerate(waiting.stdio):
            os.dup2(fd, target)
        _join(waiting.join)
        with open(waiting.order, "rb") as file:  # noqa: PTH123 - a descriptor
            text = file.read()
        if not text:
            os._exit(FAILED)
        # Only the runner, of which this is a copy, writes to the pipe.
        argv, env, path, uid, shared, late, chosen = marshal.loads(text)  # noqa: S302 - see above
        if shared:
            _volunteer()
        _join(late)
        _limit(uid, chosen)
        _close_all_but(waiting.failure, interpreter.script if interpreter else waiting.failure)
        os.umask(0o022)
        os.chdir(BOX)
        phase = b"X"
        taken = interpreter is not None and interpreter.take(argv, env, path)
        if not taken:
            execute(argv, env, path)
        os.close(waiting.failure)
    except (OSError, ValueError, MemoryError) as error:
        code = error.errno if isinstance(error, OSError) else errno.ENOMEM
        os.write(waiting.failure, phase + str(code).encode())
    finally:
        if not taken:
            os._exit(FAILED)


def _close_all_but(*kept: int) -> None:
    """Close the runner's channel and the cgroups above all: nothing is left to chance."""
    low = 3
    for fd in sorted(kept):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, _MOST_FILES)


def _volunteer() -> None:
    """Be killed before the runner when the container runs out of memory."""
    fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    os.write(fd, _OOM_SCORE)
    os.close(fd)


def execute(argv: list[bytes], env: dict[bytes, bytes], path: bytes) -> NoReturn:
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


def _join(group: tuple[int, ...]) -> None:
    """Be metered from now on."""
    for fd in group:
        os.write(fd, b"0")


def _limit(uid: int | None, chosen: dict[int, rlimits.Pair]) -> None:
    """Be limited, and drop the runner's identity."""
    rlimits.apply(chosen)
    if uid is not None:
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def _explain(step: Step, told: bytes) -> str:
    number = int(told[1:])
    if told[:1] == b"S":
        return f"the sandbox could not prepare the step: {os.strerror(number)}"
    if number == errno.ENOENT:
        return f"{step.argv[0]}: command not found"
    return f"{step.argv[0]}: {os.strerror(number)}"
