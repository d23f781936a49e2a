"""A standing helper on the network of the engine's host: tells the host's own addresses.

`python3 -I -S watching.py <address>`: standard library only. It answers each byte
on stdin with a frame of READY: the port on `address` where it listens, and the
routing tables, with NULs between. It accepts nobody: it is what no program may reach.
"""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH100, PTH123

import os
import socket
import sys

if __name__ == "__main__":
    # An isolated interpreter searches nothing but its standard library.
    sys.path.insert(0, os.path.abspath(__file__).rsplit("/ignis/", 1)[0])

from ignis.executor.runner import frames
from ignis.executor.runner.frames import Kind

_TABLES = ("/proc/net/fib_trie", "/proc/net/ipv6_route")


def watch(address: str) -> None:
    """Answer until nobody asks any more."""
    with socket.create_server((address, 0)) as stand_in:
        port = str(stand_in.getsockname()[1]).encode()
        while os.read(0, 1):
            frame = frames.encode(Kind.READY, b"\0".join((port, *map(_read, _TABLES))))
            view = memoryview(frame)
            while view:
                view = view[os.write(1, view) :]


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""  # a kernel without IPv6


if __name__ == "__main__":
    watch(sys.argv[1])
