"""Floods stdout a byte at a time through a pipe that it made huge, with every signal ignored.

Must: output
"""
import fcntl
import os
import signal

for number in set(range(1, 65)) - {9, 19, 32, 33}:
    signal.signal(number, signal.SIG_IGN)
try:
    fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 1 << 20)
except OSError:
    pass
os.set_blocking(1, False)
while True:
    try:
        os.write(1, b"\n" * 4096)
    except BlockingIOError:
        pass
