"""Forks as vfork does, in every child too: each parent is stopped until its child ends.

Must as root: processes
Must: processes or wall_time or cpu_time, since the runner only looks now and then how many there are
Within: wall_time_ms=1000 cpu_time_ms=500
"""
import ctypes
import os
import platform
import signal

CLONE_VFORK = 0x4000
clone = 56 if platform.machine() == "x86_64" else 220
libc = ctypes.CDLL(None)
while True:
    # posix_spawn is vfork and exec; the raw call leaves a copy that goes on itself.
    try:
        os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
    except OSError:
        pass
    libc.syscall(clone, ctypes.c_long(CLONE_VFORK | signal.SIGCHLD), 0, 0, 0, 0)
