"""Takes memory for ever, in several processes at once.

Must: memory
"""
import os

os.fork()
os.fork()
kept = []
while True:
    kept.append(bytearray(1 << 20))
