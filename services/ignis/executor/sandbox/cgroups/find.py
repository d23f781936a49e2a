"""Finds the cgroups that this process is in, from what /proc says."""

from typing import NamedTuple

# What a step's group must count.
V1_CONTROLLERS = ("memory", "pids", "cpuacct")
_OCTAL_ESCAPES = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}


class Mounted(NamedTuple):
    """One cgroup file system: its version, v1 controllers, what it shows and where."""

    version: int
    controllers: frozenset[str]
    root: str
    point: str


def parse_mounts(mountinfo: str) -> list[Mounted]:
    """Return the cgroup mounts in the text of /proc/self/mountinfo."""
    found = []
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        root, point = (_unescape(part) for part in left.split()[3:5])
        kind, _, options = right.split(" ", 2)
        if kind == "cgroup2":
            found.append(Mounted(2, frozenset(), root, point))
        elif kind == "cgroup":
            found.append(Mounted(1, frozenset(options.split(",")), root, point))
    return found


def parse_membership(cgroup: str) -> dict[str, str]:
    """Return the path per controller in the text of /proc/self/cgroup; v2 is the key ''."""
    paths = {}
    for line in cgroup.splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            paths[name] = path
    return paths


def v1_folders(mounts: list[Mounted], paths: dict[str, str]) -> list[str] | None:
    """Return this process's folder per V1_CONTROLLERS; None when one is missing."""
    folders = []
    for name in V1_CONTROLLERS:
        folder = next(
            (
                _below(mounted, paths[name])
                for mounted in mounts
                if name in mounted.controllers and name in paths
            ),
            None,
        )
        if folder is None:
            return None
        folders.append(folder)
    return folders


def v2_folder(mounts: list[Mounted], paths: dict[str, str]) -> tuple[str, str] | None:
    """Return this process's folder in the v2 hierarchy and the topmost one, if there is one."""
    for mounted in mounts:
        if mounted.version == 2 and "" in paths:  # noqa: PLR2004 - the version's name
            return _below(mounted, paths[""]), mounted.point
    return None


def _below(mounted: Mounted, path: str) -> str:
    """Return where `path` shows: a container mounts its own part of the hierarchy as the root."""
    if mounted.root != "/" and (path == mounted.root or path.startswith(f"{mounted.root}/")):
        path = path[len(mounted.root) :]
    return mounted.point + path.rstrip("/")


def _unescape(text: str) -> str:
    for code, character in _OCTAL_ESCAPES.items():
        text = text.replace(code, character)
    return text
