"""Takes memory with many small processes that ask to be killed last, so that the runner is first.

Must: memory
"""
import mmap
import os
import time

for _ in range(38):
    if os.fork() == 0:
        try:
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write("0")
        except OSError:
            pass
        held = mmap.mmap(-1, 4 << 20)
        time.sleep(0.3)
        for offset in range(0, len(held), 4096):
            held[offset] = 1
        time.sleep(5)
        os._exit(0)
time.sleep(5)
