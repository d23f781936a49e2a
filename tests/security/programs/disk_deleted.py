"""Fills files that have no name any more.

Must: contained
Must in docker: contained or killed, since the runner adds up three file systems there and ends it
"""
import os

written = 0
kept = []
try:
    while written < 1 << 30:
        kept.append(os.open("gone", os.O_WRONLY | os.O_CREAT))
        os.unlink("gone")
        written += os.write(kept[-1], bytes(1 << 20))
except OSError:
    pass
for fd in kept:
    os.close(fd)
print("ESCAPED" if written > 65 << 20 else "contained")
