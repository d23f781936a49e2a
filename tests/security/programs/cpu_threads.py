"""Burns every CPU with threads that hold no lock.

Must: cpu_time
Within: cpu_time_ms=500
"""
import hashlib
import threading

data = bytes(1 << 24)
for _ in range(4):
    threading.Thread(target=lambda: [hashlib.sha256(data) for _ in range(1000)]).start()
