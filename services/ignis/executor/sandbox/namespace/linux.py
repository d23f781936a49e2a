"""System calls that Python 3.11 doesn't offer, through libc."""

import ctypes
import os
import platform
import signal

CLONE_NEWNS = 0x0002_0000
CLONE_NEWCGROUP = 0x0200_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x4_0000

MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4
MOUNT_ATTR_NOEXEC = 0x8

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_SECUREBITS = 28
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

_MNT_DETACH = 2
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_AT_SYMLINK_NOFOLLOW = 0x100
_CALLS = {
    "x86_64": {"clone": 56, "pivot_root": 155, "capset": 126},
    "aarch64": {"clone": 220, "pivot_root": 41, "capset": 91},
}

# Newer calls have one number everywhere.
_MOUNT_SETATTR = 442
_FSCONFIG = 431
_FSPICK = 433
_FSPICK_CLOEXEC = 1
_FSCONFIG_SET_STRING = 1
_FSCONFIG_CMD_RECONFIGURE = 7

_MACHINE = platform.machine()

# PyDLL keeps the interpreter's lock: after clone the child's one thread has it.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_python = ctypes.pythonapi


# Made once: a class made in a sandbox would be a program's to collect.
_CapHeader = ctypes.c_uint32 * 2
_CapData = ctypes.c_uint32 * 6


class _Filter(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_char_p))


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def machine() -> str:
    """Return the processor's architecture; raises OSError for one that isn't supported."""
    if _MACHINE not in _CALLS:
        message = f"the namespace sandbox knows x86_64 and aarch64, not {_MACHINE}"
        raise OSError(message)
    return _MACHINE


def unshare(flags: int) -> None:
    """Move this process into new namespaces of the kinds in `flags`."""
    _check(_libc.unshare(flags), "unshare")


def setns(namespace: int, kind: int) -> None:
    """Move this process into the namespace behind a descriptor; `kind` is its CLONE_NEW flag."""
    _check(_libc.setns(namespace, kind), "setns")


def clone(flags: int) -> int:
    """Fork into new namespaces; returns 0 in the child, its pid in the parent."""
    _python.PyOS_BeforeFork()
    pid: int = _libc.syscall(_call("clone"), ctypes.c_ulong(flags | signal.SIGCHLD), 0, 0, 0, 0)
    if pid == 0:
        _python.PyOS_AfterFork_Child()
        return 0
    error = ctypes.get_errno()
    _python.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(error, os.strerror(error), "clone")
    return pid


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Attach a file system at a folder, or a folder or file at another."""
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _check(result, f"mount {target}")


def bind(source: str, target: str) -> None:
    """Show `source`, with all that is mounted below it, at `target` too."""
    mount(source, target, flags=MS_BIND | MS_REC)


def restrict(target: str, attributes: int) -> None:
    """Set MOUNT_ATTR_* on the mount at `target` and on all below it."""
    attr = _MountAttr(attr_set=attributes)
    flags = _AT_RECURSIVE | _AT_SYMLINK_NOFOLLOW
    size = ctypes.c_size_t(ctypes.sizeof(attr))
    path = target.encode()
    result = _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, path, flags, ctypes.byref(attr), size)
    _check(result, f"mount_setattr {target}")


def pick(target: str) -> int:
    """Return a descriptor through which the file system at `target` can be given other options.

    Whoever holds it needs CAP_SYS_ADMIN over the user namespace that mounted it.
    """
    result: int = _libc.syscall(_FSPICK, _AT_FDCWD, target.encode(), _FSPICK_CLOEXEC)
    _check(result, f"fspick {target}")
    return result


def reconfigure(picked: int, options: dict[str, str]) -> None:
    """Give the file system behind a descriptor of `pick` other options."""
    for key, value in options.items():
        pair = (key.encode(), value.encode())
        result = _libc.syscall(_FSCONFIG, picked, _FSCONFIG_SET_STRING, *pair, 0)
        _check(result, f"fsconfig {key}={value}")
    result = _libc.syscall(_FSCONFIG, picked, _FSCONFIG_CMD_RECONFIGURE, None, None, 0)
    _check(result, "fsconfig")


def pivot(new_root: str) -> None:
    """Make `new_root` the root of this mount namespace and drop the old one."""
    os.chdir(new_root)
    _check(_libc.syscall(_call("pivot_root"), b".", b"."), f"pivot_root {new_root}")
    _check(_libc.umount2(b".", _MNT_DETACH), "umount of the old root")
    os.chdir("/")


def unmount(target: str) -> None:
    """Take away what is mounted at a folder, as soon as nothing of it is open."""
    _check(_libc.umount2(target.encode(), _MNT_DETACH), f"umount {target}")


def prctl(option: int, value: int = 0) -> None:
    """Set one attribute of the process."""
    _check(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def set_capabilities(mask: int) -> None:
    """Hold exactly the capabilities in `mask`, permitted and effective."""
    header = _CapHeader(0x2008_0522, 0)
    low, high = mask & 0xFFFF_FFFF, mask >> 32
    data = _CapData(low, low, 0, high, high, 0)
    _check(_libc.syscall(_call("capset"), header, data), "capset")


def set_seccomp(program: bytes) -> None:
    """Filter this process's system calls, and its children's, for good."""
    filtering = _Filter(len(program) // 8, program)
    mode_filter = 2
    result = _libc.prctl(PR_SET_SECCOMP, mode_filter, ctypes.byref(filtering), 0, 0)
    _check(result, "prctl PR_SET_SECCOMP")


def _call(name: str) -> int:
    return _CALLS[machine()][name]


def _check(result: int, what: str) -> None:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), what)
