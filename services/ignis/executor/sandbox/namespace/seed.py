"""Turns a process that has its namespaces into an interpreter that stops before its program.

The interpreter starts as it does for a program, with the same command,
environment and view of the files. Two things are added, and gone before a
program can see them: a module in the folder of the user's own packages, which
stops it when it is about to read the program, and Ignis's own code.
"""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH100, PTH120, PTH123

import json
import os
from typing import NoReturn

from ignis.executor.runner import rlimits, spawn
from ignis.executor.runner.place import BASE_ENV, BOX
from ignis.executor.sandbox.cgroups.steps import Opened
from ignis.executor.sandbox.namespace import tree
from ignis.executor.sandbox.namespace.forkserver import Inherited
from ignis.executor.sandbox.namespace.requests import Started

CODE = f"{BOX}/.ignis"
_STATE = f"{BOX}/.state"
_HOOK = f"{BOX}/.hook"
_PTH = f"import sys; f = open({_HOOK!r}); text = f.read(); f.close(); exec(text, {{}})\n"


def become(
    started: Started,
    mounts: tuple[tuple[str, str], ...],
    inherited: Inherited,
    nameserver: str,
) -> NoReturn:
    """Build the tree and become the interpreter in it; raises OSError when that fails."""
    code = os.path.abspath(__file__).rsplit("/ignis/", 1)[0]
    tree.build((*mounts, (code, CODE)), _files(started, inherited), nameserver)
    _pipes()
    for fd in inherited.descriptors():
        os.set_inheritable(fd, True)
    os.chdir(BOX)
    rlimits.apply(rlimits.STACK)  # what an exec makes of it holds for all copies
    env = {os.fsencode(k): os.fsencode(v) for k, v in (BASE_ENV | started.env).items()}
    spawn.execute([os.fsencode(part) for part in started.argv], env, os.fsencode(started.path))


def inherited() -> Inherited:
    """Return, in the interpreter, what `become` was given."""
    with open(_STATE, encoding="utf-8") as file:
        control, base, cgroups, notes = json.load(file)
    opened = Opened(cgroups[0], tuple(cgroups[1])) if cgroups else None
    for fd in (control, *(opened.folders if opened else ())):
        os.set_inheritable(fd, False)
    return Inherited(control, base, opened, tuple(notes))


def _files(started: Started, inherited: Inherited) -> dict[str, bytes]:
    minor = ".".join(started.version.split(".")[:2])
    packages = f"{BOX}/.local/lib/python{minor}/site-packages"
    with open(f"{os.path.dirname(os.path.abspath(__file__))}/hook.py", "rb") as file:
        hook = file.read()
    return {
        f"{BOX}/{started.argv[1]}": b"",
        # As text: to import a module that is not compiled yet leaves traces.
        f"{packages}/ignis.pth": _PTH.encode(),
        _HOOK: hook,
        _STATE: json.dumps(inherited).encode(),
    }


def _pipes() -> None:
    """Be on pipes as a program is, so that its streams need not be made anew."""
    for target in range(3):
        reading, writing = os.pipe()
        os.dup2(writing if target else reading, target)
        os.close(reading)
        os.close(writing)
