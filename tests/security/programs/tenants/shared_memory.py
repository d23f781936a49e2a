"""Leaves its name in everything that IPC namespaces divide, and looks for the other's.

System V segments, queues and semaphores; POSIX shared memory, queues and semaphores.
"""

import ctypes
import os
import sys

me, other = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
KEYS = range(0x1690, 0x1694)


def plant():
    for key in KEYS:
        segment = libc.shmget(key, 4096, 0o1666)
        if segment >= 0:
            ctypes.memmove(libc.shmat(segment, None, 0), me.encode(), len(me))
        queue = libc.msgget(key, 0o1666)
        if queue >= 0:
            libc.msgsnd(queue, ctypes.c_long(1), 0, 0)
        libc.semget(key, 1, 0o1666)
    libc.mq_open(b"/ignis-" + me.encode(), 0o102, 0o666, None)
    libc.sem_open(b"/ignis-" + me.encode(), 0o102, 0o666, 1)
    for path in (f"/dev/shm/{me}", f"/tmp/{me}"):
        open(path, "w").write(me)


def found():
    for number in range(64):
        address = libc.shmat(number, None, 0)
        if address not in (None, ctypes.c_void_p(-1).value):
            if other.encode() in ctypes.string_at(address, 64):
                yield "segment"
            libc.shmdt(ctypes.c_void_p(address))
    if libc.mq_open(b"/ignis-" + other.encode(), 2) >= 0:
        yield "queue"
    if libc.sem_open(b"/ignis-" + other.encode(), 0) != 0:
        yield "semaphore"
    for folder in ("/dev/shm", "/dev/mqueue", "/tmp", "/box", "/var/tmp", "/run"):
        if os.path.isdir(folder) and os.access(folder, os.R_OK):
            yield from (name for name in os.listdir(folder) if other in name)
    for kind in ("shm", "msg", "sem"):
        try:
            rows = open(f"/proc/sysvipc/{kind}").readlines()[1:]
        except OSError:
            continue
        if len(rows) > len(KEYS):
            yield f"more of {kind}"
