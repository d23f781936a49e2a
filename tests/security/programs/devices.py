"""Looks for devices beyond the harmless ones, and makes its own.

Must: contained
"""
import os
import stat

harmless = {"null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr", "shm"}
for name in set(os.listdir("/dev")) - harmless:
    # An engine always makes these: they must be empty, or lead nowhere.
    path = f"/dev/{name}"
    if open("place").read() == "in docker" and name in ("core", "mqueue", "ptmx", "pts", "tty"):
        try:
            found = os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
        except OSError:
            continue
        if not found:
            continue
    print("ESCAPED", name)
for kind, number in ((stat.S_IFCHR, os.makedev(1, 1)), (stat.S_IFBLK, os.makedev(254, 0))):
    try:
        os.mknod("/tmp/device", kind | 0o666, number)
        print("ESCAPED", number)
    except OSError:
        pass
try:
    os.open("/dev/tty", os.O_RDWR)
    print("ESCAPED tty")
except OSError:
    pass
print("contained")
