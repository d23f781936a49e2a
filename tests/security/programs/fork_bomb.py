"""Forks for ever, in every child too.

Must: end
Within: wall_time_ms=2000 cpu_time_ms=500
"""
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
