"""Starts threads for ever.

Must: end
"""
import threading
import time

while True:
    threading.Thread(target=time.sleep, args=(2,)).start()
