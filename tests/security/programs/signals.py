"""Sends every signal to the runner and to everybody else, and lives on.

Must: contained
"""
import os
import signal

deadly = {signal.SIGKILL, signal.SIGSTOP}
for number in set(range(1, 32)) - deadly:
    signal.signal(number, signal.SIG_IGN)
for number in range(1, 65):
    for target in (1, 0, -1):
        if target == 1 or number in set(range(1, 32)) - deadly:
            try:
                os.kill(target, number)
            except OSError:
                pass
print("contained")
