"""What the filter answers, asked through a small interpreter of BPF."""

import errno
import socket
import struct

import pytest

from ignis.executor.sandbox.seccomp import denied
from ignis.executor.sandbox.seccomp.denied import Call
from ignis.executor.sandbox.seccomp.policy import filter_for

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
MACHINES = sorted(ARCHITECTURES)
ALLOWED = 0x7FFF0000
KILLED = 0x80000000
GETPID = Call(39, 172)
READ = Call(0, 63)


def refused(number: int) -> int:
    """Return the answer that makes a call fail with this errno."""
    return 0x00050000 | number


def ask(
    machine: str, number: int, *args: int, cgroup: bool = True, architecture: int | None = None
) -> int:
    """Run the filter on one call."""
    padded = (*args, 0, 0, 0, 0, 0, 0)[:6]
    seen = architecture or ARCHITECTURES[machine]
    data = struct.pack("<IIQ6Q", number, seen, 0, *padded)
    program = list(struct.iter_unpack("=HBBI", filter_for(machine, cgroup=cgroup)))
    at, word = 0, 0
    while True:
        code, if_true, if_false, value = program[at]
        at += 1
        if code == 0x20:
            (word,) = struct.unpack_from("<I", data, value)
        elif code == 0x06:
            return int(value)
        else:
            holds = {0x15: word == value, 0x35: word >= value, 0x45: bool(word & value)}[code]
            at += if_true if holds else if_false


def of(machine: str, call: Call) -> int:
    """Return a call's number, which there must be."""
    number: int | None = getattr(call, machine)
    assert number is not None
    return number


@pytest.mark.parametrize("machine", MACHINES)
def test_ordinary_calls(machine: str) -> None:
    """What programs do all the time is allowed."""
    for call in (GETPID, READ):
        assert ALLOWED == ask(machine, of(machine, call), 1, 2, 3)


@pytest.mark.parametrize("machine", MACHINES)
def test_denied_calls(machine: str) -> None:
    """Every call of the list fails with EPERM, whatever its arguments."""
    for name, call in denied.DENIED.items():
        if getattr(call, machine) is not None:
            assert refused(errno.EPERM) == ask(machine, of(machine, call)), name


@pytest.mark.parametrize("machine", MACHINES)
def test_denied_without_cgroup(machine: str) -> None:
    """Memory that no process maps is refused only where no cgroup counts it."""
    for call in denied.DENIED_WITHOUT_CGROUP.values():
        assert ALLOWED == ask(machine, of(machine, call))
        assert refused(errno.EPERM) == ask(machine, of(machine, call), cgroup=False)


@pytest.mark.parametrize("machine", MACHINES)
def test_other_architecture(machine: str) -> None:
    """A call by another architecture's numbers ends the process."""
    assert KILLED == ask(machine, of(machine, GETPID), architecture=0x40000003)


def test_x32() -> None:
    """So does one of x32, whose numbers have a bit more."""
    assert KILLED == ask("x86_64", 0x40000000 | 39)
    assert ALLOWED == ask("aarch64", 0x00001000)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("flag", [0x80, 1 << 17, *(1 << bit for bit in range(25, 31))])
def test_clone_into_namespaces(machine: str, flag: int) -> None:
    """Clone makes processes and threads, but no namespace; clone3 looks absent."""
    thread = 0x3D0F00
    clone = of(machine, denied.CLONE)

    assert ALLOWED == ask(machine, clone, 17)
    assert ALLOWED == ask(machine, clone, thread)
    assert refused(errno.EPERM) == ask(machine, clone, flag | 17)
    assert refused(errno.ENOSYS) == ask(machine, of(machine, denied.CLONE3))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("family", range(46))
def test_socket_families(machine: str, family: int) -> None:
    """Only Unix, IPv4 and IPv6 sockets can be made."""
    good = family in {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6}
    expected = ALLOWED if good else refused(errno.EAFNOSUPPORT)

    assert expected == ask(machine, of(machine, denied.SOCKET), family, 1)
    assert expected == ask(machine, of(machine, denied.SOCKETPAIR), family, 1)


@pytest.mark.parametrize("machine", MACHINES)
def test_socket_protocols(machine: str) -> None:
    """No protocol can be asked for whose module the kernel would have to load."""
    tcp, udp, sctp, mptcp = 6, 17, 132, 262
    call = of(machine, denied.SOCKET)

    for good in (0, tcp, udp):
        assert ALLOWED == ask(machine, call, socket.AF_INET, 1, good)
    for bad in (sctp, mptcp, 33, 115, 136, 256):
        assert refused(errno.EPROTONOSUPPORT) == ask(machine, call, socket.AF_INET, 1, bad)


@pytest.mark.parametrize("machine", MACHINES)
def test_other_processes(machine: str) -> None:
    """Limits and priorities can be changed for oneself only."""
    for call, index in (
        (denied.PRLIMIT64, 0),
        (denied.SETPRIORITY, 1),
        (denied.IOPRIO_SET, 1),
        (denied.SCHED_SETSCHEDULER, 0),
    ):
        args = [0, 0, 0]
        assert ALLOWED == ask(machine, of(machine, call), *args)
        args[index] = 1
        assert refused(errno.EPERM) == ask(machine, of(machine, call), *args)


@pytest.mark.parametrize("machine", MACHINES)
def test_watching_folders(machine: str) -> None:
    """Fcntl does all but watch folders."""
    duplicate, lock, watch = 0, 6, 1026
    fcntl = of(machine, denied.FCNTL)

    assert [ALLOWED, ALLOWED] == [ask(machine, fcntl, 3, command) for command in (duplicate, lock)]
    assert refused(errno.EPERM) == ask(machine, fcntl, 3, watch)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("new", [1, 1 << 32, 0x7FFF_0000_1000])
def test_core_dumps(machine: str, new: int) -> None:
    """Setting the limit for core dumps does nothing; asking for it, or setting another, works."""
    core, files = 4, 7
    pretended = refused(0)

    assert pretended == ask(machine, of(machine, denied.SETRLIMIT), core, new)
    assert ALLOWED == ask(machine, of(machine, denied.SETRLIMIT), files, new)
    assert pretended == ask(machine, of(machine, denied.PRLIMIT64), 0, core, new, 0)
    assert ALLOWED == ask(machine, of(machine, denied.PRLIMIT64), 0, core, 0, new)
    assert ALLOWED == ask(machine, of(machine, denied.PRLIMIT64), 0, files, new, 0)


@pytest.mark.parametrize("machine", MACHINES)
def test_huge_pages(machine: str) -> None:
    """Memory can be mapped, but not from the host's huge pages."""
    private_anonymous, huge = 0x22, 0x40000

    assert ALLOWED == ask(machine, of(machine, denied.MMAP), 0, 4096, 3, private_anonymous)
    for size in (0, 21 << 26, 30 << 26):
        flags = private_anonymous | huge | size
        assert refused(errno.ENOMEM) == ask(machine, of(machine, denied.MMAP), 0, 4096, 3, flags)
    assert ALLOWED == ask(machine, of(machine, denied.MEMFD_CREATE), 1, 1)
    assert refused(errno.ENOMEM) == ask(machine, of(machine, denied.MEMFD_CREATE), 1, 5)


@pytest.mark.parametrize("machine", MACHINES)
def test_pretended_calls(machine: str) -> None:
    """What would write the host's memory to its disks looks done."""
    for call in denied.PRETENDED.values():
        assert refused(0) == ask(machine, of(machine, call))
