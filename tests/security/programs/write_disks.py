"""Has the host write all its memory to disk, again and again.

Must: contained
Within: wall_time_ms=5000
"""
import os

folder = os.open("/usr", os.O_RDONLY)
import ctypes

libc = ctypes.CDLL(None)
for _ in range(1000):
    os.sync()
    libc.syncfs(folder)
print("contained")
