"""Writes one file for ever, deaf to the signal that says it is too large.

Must: contained
Must in docker: contained or killed, since the runner adds up three file systems there and ends it
"""
import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
written = 0
try:
    with open("large", "wb", buffering=0) as file:
        while written < 1 << 30:
            written += file.write(bytes(1 << 20))
except OSError:
    pass
os.unlink("large")
print("ESCAPED" if written > 64 << 20 else "contained")
