"""Looks for the other among the processes, reads, traces and signals everything it can.

A process that was signalled says so; a keyring, a name and a priority would be marks to see.
"""

import ctypes
import os
import platform
import signal
import sys

me, other = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
ADD_KEY, REQUEST_KEY, KEYCTL, PTRACE = (248, 249, 250, 101) if X86 else (217, 218, 219, 117)
PR_SET_NAME, PR_SET_PTRACER, SEIZE = 15, 0x59616D61, 0x4206
signalled = []


def plant():
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, 40):
        signal.signal(number, lambda *_: signalled.append(1))
    libc.prctl(PR_SET_NAME, me.encode())
    libc.prctl(PR_SET_PTRACER, -1)
    for ring in (-1, -2, -3, -4, -5):
        libc.syscall(ADD_KEY, b"user", b"ignis-" + me.encode(), me.encode(), len(me), ring)
    libc.sethostname(me.encode(), len(me))


def found():
    for pid in (pid for pid in range(2, 400) if pid != os.getpid()):
        for number in (signal.SIGUSR1, 40):
            try:
                os.kill(pid, number)
                yield f"signal to {pid}"
            except OSError:
                pass
        if libc.syscall(PTRACE, SEIZE, pid, 0, 0) == 0:
            yield f"trace of {pid}"
    for name in os.listdir("/proc"):
        if name.isdigit():
            for file in ("comm", "cmdline", "status"):
                try:
                    if name != str(os.getpid()) and other in open(f"/proc/{name}/{file}").read():
                        yield f"/proc/{name}/{file}"
                except OSError:
                    pass
    if signalled:
        yield "a signal"
    if libc.syscall(REQUEST_KEY, b"user", b"ignis-" + other.encode(), 0, 0) >= 0:
        yield "a key"
    for file in ("keys", "key-users"):
        try:
            if other in open(f"/proc/{file}").read():
                yield file
        except OSError:
            pass
    if os.uname().nodename == other:
        yield "the host's name"
