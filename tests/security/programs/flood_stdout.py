"""Floods stdout without a newline.

Must: output
"""
import os

while True:
    os.write(1, b"\0" * 65536)
