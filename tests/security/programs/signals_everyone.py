"""Signals every process and every group that there could be, by all the ways there are.

Must: contained
"""
import ctypes
import os
import platform
import signal

X86 = platform.machine() == "x86_64"
TKILL, TGKILL, QUEUE, TG_QUEUE = (200, 234, 129, 297) if X86 else (130, 131, 138, 240)
libc = ctypes.CDLL(None, use_errno=True)
info = (ctypes.c_int * 32)(signal.SIGKILL, 0, -1)
me, parent = os.getpid(), os.getppid()
for pid in [pid for pid in range(1, 2000) if pid != me]:
    for send in (
        lambda: os.kill(pid, signal.SIGKILL),
        lambda: os.kill(-pid, signal.SIGKILL) if pid != os.getpgid(0) and pid > 1 else None,
        lambda: signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL),
    ):
        try:
            send()
        except OSError:
            pass
    libc.syscall(TKILL, pid, signal.SIGKILL)
    libc.syscall(TGKILL, pid, pid, signal.SIGKILL)
    libc.syscall(QUEUE, pid, signal.SIGKILL, info)
    libc.syscall(TG_QUEUE, pid, pid, signal.SIGKILL, info)
# A descriptor can send signals too, to whom it is told.
import fcntl
reading, writing = os.pipe()
for target in (1, -1, parent):
    try:
        fcntl.fcntl(reading, fcntl.F_SETOWN, target)
        fcntl.fcntl(reading, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC)
        os.write(writing, b"x")
    except OSError:
        pass
print("contained")
