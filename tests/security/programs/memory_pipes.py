"""Takes memory that only pipes hold.

Must: memory
Must as an ordinary user: contained, by the kernel's own limit of pipes per user
Within: memory_kb=32768
"""
import fcntl
import os

held = 0
kept = []
try:
    while True:
        kept.append(os.pipe())
        reading, writing = kept[-1]
        os.set_blocking(writing, False)
        try:
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 1 << 20)
        except OSError:
            pass
        try:
            while True:
                held += os.write(writing, bytes(1 << 16))
        except OSError:
            pass
except OSError:
    pass
print("ESCAPED" if held > 80 << 20 else "contained")
