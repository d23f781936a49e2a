"""Says what to do about a kernel that doesn't let a sandbox be made."""

import errno
from collections.abc import Callable
from pathlib import Path

from ignis.executor.sandbox.namespace.requests import Failure

_APPARMOR = (
    "AppArmor refuses user namespaces to ordinary programs: give Ignis a profile that "
    "allows `userns`, or run `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`"
)
# A setting, whether its value stands in the way, and what to do then.
_SETTINGS: tuple[tuple[str, Callable[[int], bool], str], ...] = (
    (
        "kernel/unprivileged_userns_clone",
        lambda value: value == 0,
        "run `sysctl -w kernel.unprivileged_userns_clone=1`",
    ),
    (
        "user/max_user_namespaces",
        lambda value: value == 0,
        "run `sysctl -w user.max_user_namespaces=15000`",
    ),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        lambda value: value == 1,
        _APPARMOR,
    ),
)
_GENERAL = (
    "in a container, allow it to make user namespaces (its seccomp and AppArmor profiles) "
    "and to mount /proc (an unmasked /proc); outside, run the executor as root or enable "
    "unprivileged user namespaces"
)
_OLD_KERNEL = "this needs Linux 5.12 or newer"


def explain(failure: Failure, sysctl: Path = Path("/proc/sys")) -> str:
    """Return one line for the operator: what failed here, and what to do about it."""
    return f"the namespace sandbox can't work here ({failure.what}): {_advice(failure, sysctl)}"


def _advice(failure: Failure, sysctl: Path) -> str:
    if failure.number == errno.ENOSYS:
        return _OLD_KERNEL
    if failure.number == errno.ENOENT:
        return "this path doesn't exist, or its mount point can't be made"
    if failure.number == errno.EACCES and failure.what.startswith("/"):
        return "the executor's user can't reach this path"
    if failure.number not in {errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EINVAL, errno.EUSERS}:
        return f"errno {failure.number}"
    found = [advice for name, blocks, advice in _SETTINGS if blocks(_value(sysctl / name))]
    return "; ".join(found) or _GENERAL


def _value(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return -1
