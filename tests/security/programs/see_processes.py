"""Looks for processes other than its own and the runner.

Must: contained
"""
import os

mine = {"1", str(os.getpid())}
others = {name for name in os.listdir("/proc") if name.isdigit()} - mine
for pid in others:
    print("ESCAPED", pid, open(f"/proc/{pid}/cmdline").read())
print("contained")
