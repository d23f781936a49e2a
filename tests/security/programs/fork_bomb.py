"""Forks for ever, in every child too.

Must as root: processes
Must: processes or wall_time or cpu_time, since the runner only looks now and then how many there are
Within: wall_time_ms=2000 cpu_time_ms=500
"""
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
