"""Takes memory that no process maps: memfd, System V segments and arrays of semaphores.

Must: memory
Must as an ordinary user: contained, since the calls are refused where no cgroup counts it
Within: memory_kb=49152
"""
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
kept = []
for _ in range(100):
    segment = libc.shmget(0, 4 << 20, 0o1600)
    if segment >= 0:
        address = libc.shmat(segment, None, 0)
        ctypes.memset(address, 1, 4 << 20)
        libc.shmdt(ctypes.c_void_p(address))
    if libc.semget(0, 32_000, 0o1600) >= 0:
        kept.append(-1)
    try:
        kept.append(os.memfd_create("x"))
        os.write(kept[-1], bytes(4 << 20))
    except OSError:
        pass
print("ESCAPED" if kept or segment >= 0 else "contained")
