"""What sockets hold of the kernel's memory, where no cgroup counts it: an estimate from above."""

import os

BUFFER_KB = 208
# How far a TCP connection's buffers may grow: by themselves they would to some 10 MiB.
SYSCTLS = {
    "net.ipv4.tcp_rmem": f"4096 131072 {BUFFER_KB * 1024}",
    "net.ipv4.tcp_wmem": f"4096 16384 {BUFFER_KB * 1024}",
}
_FREE = 128  # what a program may have before they count
_FILE = "/proc/self/net/sockstat"  # of this network namespace, so of this job


def held_kb() -> int:
    """Return what all sockets but the first can hold with their buffers full, in KiB."""
    fd = os.open(_FILE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.read(fd, 256)
    finally:
        os.close(fd)
    return held_in(text)


def held_in(text: bytes) -> int:
    """Return the same from the text of sockstat, whose first line is `sockets: used <n>`."""
    used = int(text.split(maxsplit=3)[2])
    return max(used - _FREE, 0) * BUFFER_KB
