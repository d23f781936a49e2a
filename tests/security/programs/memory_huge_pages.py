"""Takes huge pages, which the host keeps for its own programs and no cgroup counts.

Must: contained
"""
import ctypes
import os

PRIVATE_ANONYMOUS, HUGE, SHM_HUGE = 0x22, 0x40000, 0o4000
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
for size in (0, 21 << 26, 30 << 26):
    at = libc.mmap(None, 2 << 20, 3, PRIVATE_ANONYMOUS | HUGE | size, -1, 0)
    if at != ctypes.c_void_p(-1).value:
        print("ESCAPED mmap", size)
    try:
        print("ESCAPED memfd", os.memfd_create("x", os.MFD_HUGETLB | size))
    except OSError:
        pass
if libc.shmget(0, 2 << 20, 0o1600 | SHM_HUGE) >= 0:
    print("ESCAPED shmget")
print("contained")
