"""Gives up every privilege that the runner doesn't need, for good."""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH123

from ignis.executor.sandbox.namespace import linux

_CAP_KILL = 5
_CAP_SETGID = 6
_CAP_SETUID = 7
# To end the job's processes, and to give them their uid.
_IDENTITY = 1 << _CAP_KILL | 1 << _CAP_SETGID | 1 << _CAP_SETUID
# NOROOT, NO_CAP_AMBIENT_RAISE and their locks, and KEEP_CAPS locked off: uid 0
# means nothing at exec, and no capability survives a change of uid.
_SECUREBITS = 0b1110_0011
_LAST_CAP = "/proc/sys/kernel/cap_last_cap"


def drop(count: int, *, keep_identity: bool) -> None:
    """Keep KILL, SETGID and SETUID or nothing of `count` capabilities, for good."""
    linux.prctl(linux.PR_SET_SECUREBITS, _SECUREBITS)
    for capability in range(count):
        linux.prctl(linux.PR_CAPBSET_DROP, capability)
    linux.set_capabilities(_IDENTITY if keep_identity else 0)
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)


def count() -> int:
    """Return how many capabilities the kernel has."""
    with open(_LAST_CAP, encoding="utf-8") as file:
        return int(file.read()) + 1


def holds_sys_admin(status: str) -> bool:
    """Return whether the text of /proc/self/status shows CAP_SYS_ADMIN in effect."""
    cap_sys_admin = 21
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> cap_sys_admin & 1)
    return False
