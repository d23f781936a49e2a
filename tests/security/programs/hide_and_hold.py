"""Leaves stopped and deaf processes behind that hold its output open.

Must: contained
"""
import os
import signal
import time

for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in set(range(1, 32)) - {9, 19}:
                signal.signal(number, signal.SIG_IGN)
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(60)
        os._exit(0)
print("contained")
