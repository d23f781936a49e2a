"""Takes all there is of what the kernel counts for the sandbox's maker, and so for the host's root.

Must: contained
"""
import ctypes
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)


def count(make):
    made = 0
    while made < 5000 and make(made) >= 0:
        made += 1
    return made


signal.pthread_sigmask(signal.SIG_BLOCK, {40})
taken = {
    "watchers": count(lambda _: libc.inotify_init1(0)),
    "signals": count(lambda _: libc.sigqueue(os.getpid(), 40, ctypes.c_void_p(1))),
    "queues": count(lambda number: libc.mq_open(b"/%d" % number, 0o102, 0o600, None)),
    "timers": count(lambda _: libc.timer_create(1, None, ctypes.byref(ctypes.c_long()))),
}
most = {"watchers": 0, "signals": 256, "queues": 1, "timers": 256}
for name, made in taken.items():
    if made > most[name]:
        print("ESCAPED", name, made)
print("contained")
