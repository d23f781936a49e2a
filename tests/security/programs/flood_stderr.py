"""Floods stderr with short lines.

Must: output
"""
import os

while True:
    os.write(2, b"line\n" * 1000)
