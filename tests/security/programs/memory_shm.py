"""Fills /dev/shm and /tmp for ever: files in memory.

Must: contained
Must in docker: killed or memory, since the runner adds up three file systems there and ends it
"""
import os

written = 0
for folder in ("/dev/shm", "/tmp", "/box"):
    try:
        with open(f"{folder}/fill", "wb", buffering=0) as file:
            while written < 200 << 20:
                written += file.write(bytes(1 << 20))
    except OSError:
        pass
print("ESCAPED" if written > 65 << 20 else "contained")
