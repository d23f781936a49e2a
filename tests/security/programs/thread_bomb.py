"""Starts threads for ever.

Must as root: processes
Must: processes or wall_time or cpu_time, since the runner only looks now and then how many there are
Within: wall_time_ms=1000
"""
import threading
import time

while True:
    threading.Thread(target=time.sleep, args=(2,)).start()
