"""Keeps a secret in its memory, and looks through all of its own for the other's.

What the other had before it ended must not be in pages that are given out again either.
"""

import mmap
import os
import sys

me, other = sys.argv[1:]
kept = []


def plant():
    kept.extend(((me * 2).encode() * 512, mmap.mmap(-1, 4 << 20)))
    kept[-1].write((me * 2).encode() * 4096)


def found():
    fresh = mmap.mmap(-1, 16 << 20)
    if fresh.read().strip(b"\0"):
        yield "fresh memory"
    if (other * 2).encode() in open("/proc/self/environ", "rb").read():
        yield "environment"
    fd = os.open("/tmp/hole", os.O_RDWR | os.O_CREAT)
    os.truncate(fd, 4 << 20)
    if os.pread(fd, 4 << 20, 0).strip(b"\0"):
        yield "fresh file"
    os.close(fd)
