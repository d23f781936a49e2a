"""Burns every CPU with processes that nobody waits for.

Must: cpu_time
Within: cpu_time_ms=500
"""
import os
import signal

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(3):
    os.fork()
while True:
    pass
