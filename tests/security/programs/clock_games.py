"""Stops itself, with a child that goes on, and sets clocks and timers against the runner's.

Must: wall_time
Within: wall_time_ms=300
"""
import os
import signal
import time

for number in set(range(1, 65)) - {9, 19, 32, 33}:
    signal.signal(number, signal.SIG_IGN)
for clock in (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME):
    try:
        time.clock_settime(clock, 0)
        print("ESCAPED", clock)
    except OSError:
        pass
if os.fork() == 0:
    os.setsid()
    os.close(1)
    os.close(2)
    time.sleep(60)
os.kill(os.getpid(), signal.SIGSTOP)
