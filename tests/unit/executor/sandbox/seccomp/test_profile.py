"""The engine's form of the filter says what the kernel's form says."""

import errno
from typing import Any

from ignis.executor.sandbox.seccomp import denied, policy
from ignis.executor.sandbox.seccomp.profile import profile


def rules(name: str) -> list[dict[str, Any]]:
    """Return the rules for a call."""
    return [rule for rule in profile()["syscalls"] if name in rule["names"]]


def refused(name: str, *arguments: int) -> int:
    """Return the errno that a call with these arguments gets, 0 if it is allowed."""
    return answer(name, *arguments) or 0


def answer(name: str, *arguments: int) -> int | None:
    """Return what a call gets without being made, None if it is made."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)
    for rule in rules(name):
        if all(_matches(when, padded[when["index"]]) for when in rule["args"]):
            return int(rule["errnoRet"])
    return None


def _matches(when: dict[str, Any], value: int) -> bool:
    answers: dict[str, bool] = {
        "SCMP_CMP_NE": value != when["value"],
        "SCMP_CMP_EQ": value == when["value"],
        "SCMP_CMP_GT": value > when["value"],
        "SCMP_CMP_MASKED_EQ": value & when["value"] == when["valueTwo"],
    }
    return answers[when["op"]]


def test_whole_list() -> None:
    """Every call of the one deny-list is refused, whatever its arguments."""
    assert {errno.EPERM} == {refused(name) for name in denied.DENIED}


def test_clone() -> None:
    """A clone with any one namespace flag is refused; threads and forks are not."""
    flags = [1 << bit for bit in range(32) if policy.NAMESPACE_FLAGS >> bit & 1]

    assert {errno.EPERM} == {refused("clone", flag | 17) for flag in flags}
    assert 0 == refused("clone", 0x3D0F00)
    assert 0 == refused("clone", 17)
    assert errno.ENOSYS == refused("clone3", 0)


def test_families() -> None:
    """Sockets are of the known families only, whatever stands in the upper half."""
    allowed = {family for family in range(64) if not refused("socket", family)}

    assert set(map(int, policy.FAMILIES)) == allowed
    assert errno.EAFNOSUPPORT == refused("socketpair", 40)
    assert errno.EAFNOSUPPORT == refused("socket", 40 | 1 << 32)


def test_protocols() -> None:
    """Of these, those that no module has to be loaded for."""
    allowed = {number for number in range(300) if not refused("socket", 2, 1, number)}

    assert {0, 1, 6, 17, 58} == allowed


def test_own_only() -> None:
    """Calls on processes are for one's own."""
    assert errno.EPERM == refused("prlimit64", 1)
    assert 0 == refused("prlimit64", 0)
    assert errno.EPERM == refused("setpriority", 0, 1)
    assert errno.EPERM == refused("setpriority", 2, 0)
    assert 0 == refused("setpriority", 0, 0)


def test_core_dumps() -> None:
    """Setting the limit for core dumps does nothing; asking for it, or setting another, works."""
    core, files = 4, 7

    assert [0, 0] == [answer("setrlimit", core, 1), answer("prlimit64", 0, core, 1)]
    assert [None, None] == [answer("prlimit64", 0, core, 0, 1), answer("prlimit64", 0, files, 1)]
    assert errno.EPERM == answer("prlimit64", 1, files, 0)


def test_watching_folders() -> None:
    """Fcntl does all but watch folders."""
    assert [errno.EPERM, None] == [answer("fcntl", 3, 1026), answer("fcntl", 3, 6)]


def test_huge_pages() -> None:
    """Memory can be mapped, but not from the host's huge pages."""
    assert [None, errno.ENOMEM] == [
        answer("mmap", 0, 4096, 3, flags) for flags in (34, 34 | 1 << 18)
    ]
    assert [None, errno.ENOMEM] == [answer("memfd_create", 1, flags) for flags in (1, 5)]


def test_pretended_calls() -> None:
    """What would write the host's memory to its disks looks done."""
    assert [0, 0] == [answer(name) for name in denied.PRETENDED]


def test_known_calls() -> None:
    """Every call that is filtered by arguments has its name here."""
    profile()
    assert all(rules(name) for name in ("prlimit64", "sched_setattr", "ioprio_set"))
