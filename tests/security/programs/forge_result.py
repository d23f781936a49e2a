"""Looks for the runner's channel, among its own descriptors and in /proc, to forge a result.

Must: contained
"""
import os
import struct

forged = struct.pack("!BI", 4, 0)
for fd in range(3, 4096):
    try:
        os.write(fd, forged)
        print("ESCAPED through descriptor", fd)
    except OSError:
        pass
for pid in ("1", "self", str(os.getppid())):
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        continue
    for name in names:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:  # the one that listed the folder
            continue
        if pid == "1" or target.startswith("socket:") or "cgroup" in target:
            print("ESCAPED", pid, name, target)
for path in ("/proc/1/mem", "/proc/1/task/1/mem"):
    try:
        open(path, "r+b")
        print("ESCAPED", path)
    except OSError:
        pass
try:
    os.pidfd_open(1)
except OSError:
    pass
print("contained")
