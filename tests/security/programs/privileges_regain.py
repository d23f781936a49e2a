"""Asks the kernel for capabilities, ids, groups and softer rules by every call there is.

Must: contained
"""
import ctypes
import os
import platform
import resource

libc = ctypes.CDLL(None, use_errno=True)
CAPSET = 126 if platform.machine() == "x86_64" else 91
PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 8, 22, 28, 38, 47
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
everything = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
if libc.syscall(CAPSET, header, everything) == 0:
    print("ESCAPED capset")
for capability in range(41):
    if libc.prctl(PR_CAP_AMBIENT, 2, capability, 0, 0) == 0:
        print("ESCAPED ambient", capability)
for option, value in ((PR_SET_NO_NEW_PRIVS, 0), (PR_SET_SECUREBITS, 0), (PR_SET_SECCOMP, 0)):
    if libc.prctl(option, value, 0, 0, 0) == 0:
        print("ESCAPED prctl", option)
for name, arguments in (("setgroups", ([0],)), ("setresuid", (0, 0, 0)), ("setresgid", (0, 0, 0)),
                        ("setregid", (0, 0)), ("initgroups", ("root", 0)), ("setuid", (65534,)),
                        ("setresuid", (-1, 65534, -1)), ("nice", (-5,))):
    try:
        getattr(os, name)(*arguments)
        print("ESCAPED", name, arguments)
    except OSError:
        pass
for which in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_CPU,
              resource.RLIMIT_SIGPENDING, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_RTPRIO, resource.RLIMIT_NICE):
    soft, hard = resource.getrlimit(which)
    try:
        resource.setrlimit(which, (soft, hard + (1 << 30) if hard > 0 else 1 << 30))
        if resource.getrlimit(which)[1] not in (hard, -1):
            print("ESCAPED", which, resource.getrlimit(which))
    except (OSError, ValueError):
        pass
for policy in (os.SCHED_FIFO, os.SCHED_RR):
    try:
        os.sched_setscheduler(0, policy, os.sched_param(1))
        print("ESCAPED", policy)
    except OSError:
        pass
print("contained")
