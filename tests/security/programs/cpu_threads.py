"""Burns every CPU with processes that nobody waits for.

Must: cpu_time
"""
import os
import signal

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(3):
    os.fork()
while True:
    pass
