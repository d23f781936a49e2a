"""Looks on the host for anything of Ignis' sandboxes: while they run, and when nothing may be left.

What is looked for belongs to this process's own sandboxes (by pid, cgroup name, label), or to
no living sandbox at all: other runs on the same machine don't disturb it, nor it them.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from docker.errors import DockerException
from tests.integration.executor.sandbox import engines, leftovers
from tests.integration.executor.sandbox.hosts import Sandbox
from tests.integration.executor.sandbox.ordinary import OrdinarySandbox

from ignis.executor.sandbox.docker import owner as labels
from ignis.executor.sandbox.docker.driver import DockerSandbox

# The ids behind sandboxes, of both drivers (namespace/uids.py, docker/facts.py).
_IDS = range(0x7000_0000, 0x7200_0000)
_KEEPERS = ("boot.py", "containerd-shim", "runsc")
_SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/run/lock")
_OWN_MARKS = ("[fscontext]", "/ignis-", "net:[", "mnt:[", "pid:[")
_UID_COLUMNS = {"shm": 7, "msg": 7, "sem": 4}
_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.1
# In a sandbox without a job: its runner, and the process that will be the program.
_IDLE_PROCESSES = 2


class Watch:
    """Remembers the sandboxes of this process, and finds what is left of them."""

    def __init__(self) -> None:
        """Begin with no sandbox."""
        self._owners = {os.getpid()}
        self._folders: set[Path] = set()
        self._seen: dict[int, str] = {}

    def note(self, host: Sandbox) -> None:
        """Remember whose processes a host's sandboxes are, and those that exist now."""
        if isinstance(host, OrdinarySandbox):
            self._folders.add(host._folder)
        self._owners.add(owner_of(host))
        self.note_children(owner_of(host))

    def note_children(self, owner: int) -> None:
        """Remember every process of an owner's sandboxes; it may have others."""
        for server in fork_servers(owner):
            for pid in (server, *leftovers.children(server)):
                if started := _started(pid):
                    self._seen[pid] = started

    def wait(self) -> list[str]:
        """Wait until nothing is left; returns what still is after some seconds."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (left := self.found()) and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
        return left

    def found(self) -> list[str]:
        """Return everything that is there of the sandboxes, in words."""
        seen = (pid for pid, started in self._seen.items() if _started(pid) == started)
        return [
            *(f"process {pid}: {_command(pid) or _state(pid)}" for pid in seen),
            *(f"orphan {pid}: {_command(pid)}" for pid in _orphans()),
            *(f"cgroup {path}" for owner in self._owners for path in leftovers.cgroups(owner)),
            *(f"{kind} {name}" for owner in self._owners for kind, name in _of_engine(owner)),
            *(
                f"mount {line}"
                for line in leftovers.mounts()
                if "ignis" in line or " /box " in line
            ),
            *(f"descriptor {target}" for target in _own_descriptors()),
            *(
                f"file {path}"
                for path in (*filter(Path.exists, self._folders), *_strangers_files())
            ),
            *(f"System V {row}" for row in _system_v()),
            *(f"key {row}" for row in _keys()),
        ]


def owner_of(host: Sandbox) -> int:
    """Return the process that the sandboxes belong to."""
    return host.pid if isinstance(host, OrdinarySandbox) else os.getpid()


def at_work(host: Sandbox) -> set[int]:
    """Return the processes of jobs in a host's sandboxes, when none of them has a job any more."""
    if isinstance(host, DockerSandbox):
        return set(_in_containers(host._labels[labels.EXECUTOR]))
    inside = [leftovers.same_sandbox(runner) for runner in leftovers.runners(owner_of(host))]
    return set().union(*(pids for pids in inside if len(pids) > _IDLE_PROCESSES))


def fork_servers(owner: int) -> set[int]:
    """Return what keeps an owner's fork servers: others than before when one was replaced."""
    below = {pid for pid in leftovers.children(owner) if "boot.py" in _command(pid)}
    return {pid for pid in below if leftovers.parent(pid) == owner}


def _orphans() -> Iterator[int]:
    """Processes with a sandbox's ids below nothing that keeps a sandbox."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if path.stat().st_uid in _IDS and not _is_kept(int(path.name)):
                yield int(path.name)
        except OSError:
            continue


def _is_kept(pid: int) -> bool:
    while pid > 1:
        if any(keeper in _command(pid) for keeper in _KEEPERS):
            return True
        pid = leftovers.parent(pid)
    return False


def _of_engine(owner: int) -> Iterator[tuple[str, str]]:
    if engines.why_not():
        return
    try:
        with engines.client() as engine:
            query = {"label": labels.EXECUTOR}
            for kind, found in (
                ("container", engine.containers(all=True, filters=query)),
                ("image", engine.images(all=True, filters=query)),
            ):
                for one in found:
                    whose = one["Labels"][labels.EXECUTOR]
                    if whose.startswith(f"{owner}-"):
                        yield kind, f"{one['Id']} of {whose}"
    except DockerException:
        return  # the engine itself is gone, and all that it had


def _in_containers(label: str) -> Iterator[int]:
    """Processes with a job's uid in the containers of one driver, on an engine of this machine."""
    with engines.client() as engine:
        found = engine.containers(filters={"label": f"{labels.EXECUTOR}={label}"})
    for path in Path("/proc").glob("[0-9]*"):
        try:
            groups = (path / "cgroup").read_text() if path.stat().st_uid in _IDS else ""
        except OSError:
            continue
        if any(one["Id"] in groups for one in found):
            yield int(path.name)


def _own_descriptors() -> Iterator[str]:
    for path in Path("/proc/self/fd").iterdir():
        try:
            target = str(path.readlink())
        except OSError:
            continue
        if any(mark in target for mark in _OWN_MARKS):
            yield target


def _strangers_files() -> Iterator[Path]:
    for folder in _SHARED_FOLDERS:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            try:
                if entry.stat(follow_symlinks=False).st_uid in _IDS:
                    yield Path(entry.path)
            except OSError:
                continue


def _system_v() -> Iterator[str]:
    for kind, column in _UID_COLUMNS.items():
        for row in _rows(f"/proc/sysvipc/{kind}")[1:]:
            if int(row.split()[column]) in _IDS:
                yield f"{kind} {row}"


def _keys() -> Iterator[str]:
    for row in _rows("/proc/key-users"):
        if int(row.partition(":")[0]) in _IDS:
            yield row


def _rows(path: str) -> list[str]:
    """The lines of a file that not every kernel has."""
    found = Path(path)
    return found.read_text().splitlines() if found.exists() else []


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "gone"


def _started(pid: int) -> str:
    """When a process started, empty when it is no more; a zombie's parent has only to look."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
