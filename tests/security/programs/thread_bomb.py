"""Starts threads for ever.

Must: end
Within: wall_time_ms=1000
"""
import threading
import time

while True:
    threading.Thread(target=time.sleep, args=(2,)).start()
