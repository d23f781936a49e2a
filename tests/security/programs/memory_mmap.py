"""Takes memory by mappings that several processes share, so that no one process is large.

Must: memory
Within: memory_kb=49152
"""
import mmap
import os
import time

shared = [mmap.mmap(-1, 8 << 20) for _ in range(16)]
for held in shared:
    if os.fork() == 0:
        for offset in range(0, len(held), 4096):
            held[offset] = 1
        time.sleep(60)
time.sleep(60)
