"""The fork server as an interpreter that has started, and waits for its program.

What it forks to run a Python program goes on from here, as if nothing had
happened between the interpreter's start and the program.
"""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH116, PTH208

import ctypes
import gc
import os
import signal
import stat
import sys
import weakref
from typing import NamedTuple

from ignis.executor.runner import spawn
from ignis.executor.runner.place import BOX
from ignis.executor.sandbox.namespace import forkserver, linux, seed

# What CPython itself does with signals when it starts.
_IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
_PACKAGES = f"{BOX}/."  # how the paths of ours begin
_MOST_DESCRIPTORS = 64
_MOST_BYTES = 256 * 1024  # of a program; the price of a start is nothing to a larger one
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE

_python = ctypes.pythonapi
_python.Py_IncRef.argtypes = [ctypes.py_object]
_python.PyObject_GC_UnTrack.argtypes = [ctypes.py_object]
_clear_reference = _python["_PyWeakref_ClearRef"]
_clear_reference.argtypes = [ctypes.py_object]


class Before(NamedTuple):
    """What there was before Ignis's own code came, which is all that a program may find."""

    modules: frozenset[str]
    importers: frozenset[str]  # paths that have one
    classes: frozenset[type]  # that others know as their subclasses
    objects: frozenset[int]  # the ids of what the collector sees


def serve(path: str, before: Before) -> None:
    """Be the fork server; returns in a process that is to run the Python program at `path`."""
    inherited = seed.inherited()
    script = _Script(path)
    _check_alone({script.script, *inherited.descriptors()})
    linux.unmount(seed.CODE)
    _forget(before.objects)
    _disown(before.classes)
    _hide(before)
    spawn.become(forkserver.run(inherited), script)


class _Script:
    """Implements `spawn.Interpreter`."""

    def __init__(self, path: str) -> None:
        self.script = _find(path)
        self._path = path
        self._argv = [os.fsencode(part) for part in sys.orig_argv]
        self._env = dict(os.environb)
        self._search = os.environb[b"PATH"]

    def take(self, argv: list[bytes], env: dict[bytes, bytes], path: bytes) -> bool:
        """Put the program where the interpreter reads it from."""
        if (argv, env, path) != (self._argv, self._env, self._search):
            return False
        if os.path.lexists(f"{BOX}/.local"):
            return False  # a start would look into it
        try:
            program = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        if not _is_source(program):
            os.close(program)
            return False
        try:
            os.dup2(program, self.script, inheritable=False)
        except OSError:
            return False  # its number is beyond the limit of open files
        finally:
            os.close(program)
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        linux.prctl(linux.PR_SET_DUMPABLE, 1)  # as after an exec
        gc.enable()
        return True


def _is_source(program: int) -> bool:
    """Whether it is a file, and neither compiled nor an archive: those have NULs.

    It is read into the job's own memory, so that a large one is none of ours.
    """
    status = os.fstat(program)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
        return False
    return b"\0" not in os.pread(program, status.st_size, 0)


def _find(path: str) -> int:
    """Return the descriptor by which CPython has opened the program."""
    wanted = os.stat(path)
    for fd in range(3, _MOST_DESCRIPTORS):
        try:
            found = os.fstat(fd)
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return fd
    raise FileNotFoundError(path)


def _hide(before: Before) -> None:
    """Let the program import itself what was not there before."""
    for name in [name for name in sys.modules if name not in before.modules]:
        parent, _, last = name.rpartition(".")
        if parent in before.modules and hasattr(sys.modules[parent], last):
            delattr(sys.modules[parent], last)
        del sys.modules[name]
    for path in [path for path in sys.path_importer_cache if _is_ours(path, before)]:
        del sys.path_importer_cache[path]
    sys.path[:] = [path for path in sys.path if not path.startswith(_PACKAGES)]


def _is_ours(path: str, before: Before) -> bool:
    return path not in before.importers or path.startswith(_PACKAGES)


def _forget(known: frozenset[int]) -> None:
    """Keep what is Ignis's own for ever, and out of the sight of the program's collector.

    A collection would look at it all, and the end of the interpreter destroy
    it: both would copy most of the server's memory.
    """
    everything = gc.get_objects()
    for one in everything:
        if id(one) not in known and one is not everything:
            _python.PyObject_GC_UnTrack(one)
            _python.Py_IncRef(one)


def _classes() -> set[type]:
    """Return every class that another one knows as its subclass."""
    found: set[type] = set()
    todo: list[type] = [object]
    while todo:
        fresh: set[type] = set(type.__subclasses__(todo.pop())) - found
        found |= fresh
        todo.extend(fresh)
    return found


def _disown(known: frozenset[type]) -> None:
    """Take Ignis's classes, and those of modules that will be imported again, off such lists.

    Classes of native modules stay: another import finds the same ones.
    """
    native = {
        id(value)
        for module in sys.modules.values()
        if not str(getattr(module, "__file__", "")).endswith(".py")
        for value in vars(module).values()
    }
    for one in _classes() - known:
        if one.__flags__ & _HEAP_TYPE and id(one) not in native:
            for reference in weakref.getweakrefs(one):
                plain = type(reference) is weakref.ReferenceType  # as those lists have them
                if plain and reference.__callback__ is None:
                    _clear_reference(reference)


def _check_alone(ours: set[int]) -> None:
    """Refuse an interpreter with threads or descriptors of what site has loaded: no copy has them.

    Raises OSError.
    """
    with os.scandir("/proc/self/fd") as entries:
        found = {int(entry.name) for entry in entries} - {*range(3), *ours}
    open_now = [fd for fd in found if _is_open(fd)]  # not that of the listing itself
    threads = len(os.listdir("/proc/self/task"))
    if open_now or threads > 1:
        raise OSError(f"site has opened descriptors {open_now} or has {threads - 1} threads")


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
