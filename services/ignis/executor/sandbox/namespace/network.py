"""The network of a sandbox: a loopback device of its own, and no other."""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH123

import fcntl
import socket
import struct

from ignis.executor.runner.sockets import SYSCTLS

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_REQUEST = struct.Struct("16sh14x")


def loopback_up() -> None:
    """Bring up `lo`, so that a program can talk to itself; nothing else is there to reach."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, _REQUEST.pack(b"lo", _IFF_UP))


def bound_buffers() -> None:
    """Keep TCP's buffers small, where no cgroup counts what they hold."""
    for name, value in SYSCTLS.items():
        with open(f"/proc/sys/{name.replace('.', '/')}", "w", encoding="utf-8") as file:
            file.write(value)
