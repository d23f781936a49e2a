"""The network of a sandbox: a loopback device of its own, and no other."""

import fcntl
import socket
import struct

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_REQUEST = struct.Struct("16sh14x")


def loopback_up() -> None:
    """Bring up `lo`, so that a program can talk to itself; nothing else is there to reach."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, _REQUEST.pack(b"lo", _IFF_UP))
