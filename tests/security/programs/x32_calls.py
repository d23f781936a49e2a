"""Makes a system call by the numbers of another architecture, where the filter's list means nothing.

Must: contained
"""
import ctypes
import os
import platform
import signal

if platform.machine() == "x86_64":
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).syscall(0x40000000 | 39)
        os._exit(0)
    status = os.wait()[1]
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGSYS:
        print("ESCAPED", status)
print("contained")
