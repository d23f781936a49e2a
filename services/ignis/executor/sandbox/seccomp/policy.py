"""Writes the filter: architecture first, then what is denied, then what depends on arguments."""

import errno
import fcntl
import resource
import socket
from collections.abc import Iterable, Iterator, Sequence

from ignis.executor.sandbox.seccomp import bpf, denied
from ignis.executor.sandbox.seccomp.bpf import Instruction
from ignis.executor.sandbox.seccomp.denied import Call

_ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
_X32_BIT = 0x4000_0000
# CLONE_NEW{TIME,NS,CGROUP,UTS,IPC,USER,PID,NET}. CLONE_NEWTIME shares its bit
# with the signal number in clone's flags, where no signal is that high.
NAMESPACE_FLAGS = 0x7E02_0080
# The families that programs use; all others (NETLINK, PACKET, ALG, VSOCK, ...) are
# attack surface, or lead out of the network namespace.
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
# Their protocols: asking for another one (SCTP, DCCP, L2TP, MPTCP, SMC, ...) has the
# kernel load its module, which the host may never have needed before.
PROTOCOLS = (
    0,
    socket.IPPROTO_ICMP,  # PF_UNIX too
    socket.IPPROTO_TCP,
    socket.IPPROTO_UDP,
    socket.IPPROTO_ICMPV6,
)
# Calls whose first or second argument is a process: only one's own (0), since the
# runner may have the same uid. prlimit64 could set its CPU limit, and so end it.
OWN_ONLY = (
    (denied.PRLIMIT64, 0),
    (denied.SETPRIORITY, 0),  # PRIO_PROCESS is 0 too
    (denied.SETPRIORITY, 1),
    (denied.IOPRIO_SET, 1),
    (denied.SCHED_SETPARAM, 0),
    (denied.SCHED_SETSCHEDULER, 0),
    (denied.SCHED_SETATTR, 0),
)
# The older way to watch folders, by a command of fcntl: see inotify in denied.py.
WATCH_FOLDER = fcntl.F_NOTIFY
# Huge pages that the host keeps for its own programs, a database for instance: no
# cgroup of memory counts them. The call, the argument with its flags, and the flag.
HUGE_PAGES = (
    (denied.MMAP, 3, 0x4_0000),  # MAP_HUGETLB
    (denied.MEMFD_CREATE, 1, 0x4),  # MFD_HUGETLB
)
# A job's limit for core dumps is 1, the one value for which the kernel starts no
# handler of the host (rlimits.py). It looks as if it could be changed, and stays.
FIXED_LIMIT = resource.RLIMIT_CORE


def filter_for(machine: str, *, cgroup: bool) -> bytes:
    """Return the filter for x86_64 or aarch64, with or without a cgroup behind it."""
    calls = dict(denied.DENIED)
    if not cgroup:
        calls |= denied.DENIED_WITHOUT_CGROUP
    program: list[Instruction] = [*_guard(machine)]
    program += _deny(calls.values(), machine)
    program += _when(denied.CLONE3, machine, (bpf.refuse(errno.ENOSYS),))
    program += _when(denied.CLONE, machine, _not_with_bits(0, NAMESPACE_FLAGS, errno.EPERM))
    for call in (denied.SOCKET, denied.SOCKETPAIR):
        program += _when(call, machine, _known(0, FAMILIES, errno.EAFNOSUPPORT))
        program += _when(call, machine, _known(2, PROTOCOLS, errno.EPROTONOSUPPORT))
    for call, index in OWN_ONLY:
        program += _when(call, machine, _only_zero(index))
    for call in denied.PRETENDED.values():
        program += _when(call, machine, (bpf.refuse(0),))
    for call, index, flag in HUGE_PAGES:
        program += _when(call, machine, _not_with_bits(index, flag, errno.ENOMEM))
    program += _when(denied.FCNTL, machine, _not_with(1, WATCH_FOLDER, errno.EPERM))
    program += _when(denied.SETRLIMIT, machine, _not_with(0, FIXED_LIMIT, 0))
    program += _when(denied.PRLIMIT64, machine, _no_new_limit())
    program.append(bpf.answer(bpf.ALLOW))
    return bpf.assemble(program)


def _guard(machine: str) -> Iterator[Instruction]:
    """Kill what speaks another architecture's numbers, where the list means nothing."""
    yield bpf.load(bpf.ARCHITECTURE)
    yield bpf.if_equal(_ARCHITECTURES[machine], 1)
    yield bpf.answer(bpf.KILL_PROCESS)
    yield bpf.load(bpf.NUMBER)
    if machine == "x86_64":
        yield bpf.unless_at_least(_X32_BIT, 1)
        yield bpf.answer(bpf.KILL_PROCESS)


def _deny(calls: Iterable[Call], machine: str) -> Iterator[Instruction]:
    for call in calls:
        number = getattr(call, machine)
        if number is not None:
            yield bpf.unless_equal(number, 1)
            yield bpf.refuse(errno.EPERM)


def _when(call: Call, machine: str, body: Iterable[Instruction]) -> Iterator[Instruction]:
    """Apply `body` to one call only, and load the number again behind it."""
    inside = [*body, bpf.load(bpf.NUMBER)]
    yield bpf.unless_equal(getattr(call, machine), len(inside))
    yield from inside


def _not_with_bits(index: int, mask: int, number: int) -> Iterator[Instruction]:
    yield bpf.load(bpf.argument(index))
    yield bpf.unless_any_bit(mask, 1)
    yield bpf.refuse(number)


def _known(index: int, values: Sequence[int], number: int) -> Iterator[Instruction]:
    yield bpf.load(bpf.argument(index))
    for position, value in enumerate(values):
        yield bpf.if_equal(value, len(values) - position)
    yield bpf.refuse(number)


def _only_zero(index: int) -> Iterator[Instruction]:
    yield bpf.load(bpf.argument(index))
    yield bpf.if_equal(0, 1)
    yield bpf.refuse(errno.EPERM)


def _not_with(index: int, value: int, answer: int) -> Iterator[Instruction]:
    yield bpf.load(bpf.argument(index))
    yield bpf.unless_equal(value, 1)
    yield bpf.refuse(answer)


def _no_new_limit() -> Iterator[Instruction]:
    """Asking for the limit, without a pointer to a new one, is nothing to refuse."""
    yield bpf.load(bpf.argument(1))
    yield bpf.unless_equal(FIXED_LIMIT, 5)
    yield bpf.load(bpf.argument(2))
    yield bpf.unless_equal(0, 2)
    yield bpf.load(bpf.argument(2) + bpf.WORD)
    yield bpf.if_equal(0, 1)
    yield bpf.refuse(0)
