"""Forks for ever, in every child too.

Must: end
"""
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
