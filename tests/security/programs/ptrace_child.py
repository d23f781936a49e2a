"""Traces: its own child, the runner, whoever has its uid; and lets itself be traced.

Must: contained
"""
import ctypes
import os
import platform
import time

libc = ctypes.CDLL(None, use_errno=True)
PTRACE = 101 if platform.machine() == "x86_64" else 117
ATTACH, SEIZE, TRACEME = 16, 0x4206, 0
PR_SET_PTRACER = 0x59616D61
libc.prctl(PR_SET_PTRACER, -1)
child = os.fork()
if child == 0:
    time.sleep(60)
for request in (ATTACH, SEIZE):
    for pid in (child, 1, os.getppid(), 2, 3):
        if libc.syscall(PTRACE, request, pid, 0, 0) == 0:
            print("ESCAPED", request, pid)
if libc.syscall(PTRACE, TRACEME, 0, 0, 0) == 0:
    print("ESCAPED traceme")
buffer = ctypes.create_string_buffer(64)
span = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 64)
for pid in (1, os.getppid()):
    if libc.process_vm_readv(pid, span, 1, span, 1, 0) > 0:
        print("ESCAPED read of", pid)
try:
    open("/proc/1/mem", "r+b")
    print("ESCAPED mem")
except OSError:
    pass
os.kill(child, 9)
print("contained")
