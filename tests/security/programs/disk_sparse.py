"""Makes files that look huge and hold nothing, and reserves room without writing.

Must: contained
Must in docker: contained or killed, since the runner adds up three file systems there and ends it
"""
import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
fd = os.open("sparse", os.O_RDWR | os.O_CREAT)
for change in (lambda: os.truncate(fd, 1 << 40), lambda: os.posix_fallocate(fd, 0, 1 << 30),
               lambda: os.pwrite(fd, b"x", 1 << 40)):
    try:
        change()
        print("ESCAPED", os.fstat(fd).st_size)
    except OSError:
        pass
reserved = 0
for number in range(64):
    other = os.open(f"sparse{number}", os.O_RDWR | os.O_CREAT)
    os.truncate(other, 60 << 20)
    try:
        os.posix_fallocate(other, 0, 8 << 20)
        reserved += 8 << 20
    except OSError:
        break
print("ESCAPED" if reserved > 64 << 20 else "contained")
