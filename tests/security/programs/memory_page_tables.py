"""Maps much, reads one byte of every 2 MiB, and so owns little but the tables that map it.

Must: memory
Within: memory_kb=49152
"""
import ctypes

PROT_READ, PRIVATE_ANONYMOUS_NORESERVE, NO_HUGE_PAGES = 1, 0x4022, 15
SIZE, STEP = 64 << 30, 2 << 20
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
while True:
    at = libc.mmap(None, SIZE, PROT_READ, PRIVATE_ANONYMOUS_NORESERVE, -1, 0)
    libc.madvise(at, SIZE, NO_HUGE_PAGES)
    for offset in range(0, SIZE, STEP):
        ctypes.string_at(at + offset, 1)
