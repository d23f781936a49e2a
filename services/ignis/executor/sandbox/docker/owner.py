"""Labels that say whose a container is, and whether its owner still lives."""

import os
import secrets
from pathlib import Path

EXECUTOR = "ignis.executor"
_HOST = "ignis.host"  # the boot and the pid namespace that the pid belongs to
_PROCESS = "ignis.process"  # pid and start time
_START_TIME = 19  # position in /proc/<pid>/stat, counted from behind the name in brackets


def labels() -> dict[str, str]:
    """Return the labels of everything that this process makes through one driver."""
    pid = os.getpid()
    return {
        EXECUTOR: f"{pid}-{secrets.token_hex(6)}",
        _HOST: _host(),
        _PROCESS: f"{pid}:{_started(pid)}",
    }


def is_dead(found: dict[str, str]) -> bool:
    """Return whether the owner of what has these labels is known to be gone.

    Of an owner in another pid namespace nothing is known.
    """
    if found.get(_HOST) != _host():
        return False
    pid, _, started = found.get(_PROCESS, "").partition(":")
    return not pid.isdigit() or _started(int(pid)) != started


def _host() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {Path('/proc/self/ns/pid').readlink()}"


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[_START_TIME]
