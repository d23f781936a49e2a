"""Writes the same filter as policy.py, in the form that container engines take."""

import errno
from collections.abc import Collection
from typing import Any

from ignis.executor.sandbox.seccomp import denied, policy

_ARCHITECTURES = ("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64")
_CALL_NAMES = {
    denied.MMAP: "mmap",
    denied.MEMFD_CREATE: "memfd_create",
    denied.PRLIMIT64: "prlimit64",
    denied.SETPRIORITY: "setpriority",
    denied.IOPRIO_SET: "ioprio_set",
    denied.SCHED_SETPARAM: "sched_setparam",
    denied.SCHED_SETSCHEDULER: "sched_setscheduler",
    denied.SCHED_SETATTR: "sched_setattr",
}


def profile() -> dict[str, Any]:
    """Return the profile; what speaks another architecture's numbers is killed.

    An engine's library of system calls may not know the newest names; it
    ignores them. Those on the list are refused to a process without capabilities anyway.
    """
    rules = [_deny(sorted(denied.DENIED))]
    rules.append(_deny(["clone3"], errno.ENOSYS))
    rules += [_deny(["clone"], errno.EPERM, _has_bit(bit)) for bit in _bits(policy.NAMESPACE_FLAGS)]
    for index, known, number in (
        (0, policy.FAMILIES, errno.EAFNOSUPPORT),
        (2, policy.PROTOCOLS, errno.EPROTONOSUPPORT),
    ):
        rules += [_deny(["socket", "socketpair"], number, when) for when in _others(index, known)]
    rules += [
        _deny([_CALL_NAMES[call]], errno.EPERM, _compare(index, "NE", 0))
        for call, index in policy.OWN_ONLY
    ]
    rules.append(_deny(sorted(denied.PRETENDED), 0))
    rules += [
        _deny([_CALL_NAMES[call]], errno.ENOMEM, _has_bit(flag, index))
        for call, index, flag in policy.HUGE_PAGES
    ]
    rules.append(_deny(["fcntl"], errno.EPERM, _compare(1, "EQ", policy.WATCH_FOLDER)))
    fixed = policy.FIXED_LIMIT
    rules.append(_deny(["setrlimit"], 0, _compare(0, "EQ", fixed)))
    rules.append(_deny(["prlimit64"], 0, _compare(1, "EQ", fixed), _compare(2, "NE", 0)))
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": list(_ARCHITECTURES),
        "syscalls": rules,
    }


def _deny(names: list[str], number: int = errno.EPERM, *when: dict[str, Any]) -> dict[str, Any]:
    return {
        "names": names,
        "action": "SCMP_ACT_ERRNO",
        "errnoRet": number,
        "args": list(when),
    }


def _compare(index: int, operator: str, value: int, second: int = 0) -> dict[str, Any]:
    return {"index": index, "op": f"SCMP_CMP_{operator}", "value": value, "valueTwo": second}


def _has_bit(bit: int, index: int = 0) -> dict[str, Any]:
    return _compare(index, "MASKED_EQ", bit, bit)


def _bits(mask: int) -> list[int]:
    return [1 << place for place in range(mask.bit_length()) if mask >> place & 1]


def _others(index: int, known: Collection[int]) -> list[dict[str, Any]]:
    """All but the known values: each gap below the highest, and all above it."""
    highest = max(known)
    gaps = [number for number in range(highest) if number not in known]
    return [
        *(_compare(index, "EQ", number) for number in gaps),
        _compare(index, "GT", int(highest)),
    ]
