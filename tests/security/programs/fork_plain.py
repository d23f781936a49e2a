"""Forks children that do nothing but stay, until no more can be made.

Must: contained
"""
import os
import time

made = 0
try:
    while made < 1000:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        made += 1
except OSError:
    pass
print("ESCAPED" if made > 40 else "contained")
