"""Floods both streams with bytes that are no text, from several processes.

Must: output
"""
import os

noise = os.urandom(1 << 16)
os.fork()
os.fork()
while True:
    os.write(1, noise)
    os.write(2, noise)
