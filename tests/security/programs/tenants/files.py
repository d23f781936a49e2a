"""Writes, locks and watches files in every folder it can, and looks for the other's doing.

Locks on files of the system, which all jobs of a machine open, are not tried: docs/security.md
says what remains.
"""

import ctypes
import fcntl
import os
import sys

me, other = sys.argv[1:]
FOLDERS = ("/box", "/tmp", "/dev/shm", "/run", "/root", "/")
SHARED = ("/usr/bin", "/usr/lib", "/etc", "/bin", "/usr/share")
libc = ctypes.CDLL(None, use_errno=True)
kept = []
watcher = libc.inotify_init1(os.O_NONBLOCK)


def plant():
    for folder in FOLDERS:
        try:
            kept.append(open(f"{folder}/{me}", "w"))
            kept.append(open(f"{folder}/common", "w"))
            fcntl.flock(kept[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(kept[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("ESCAPED lock on", folder)
        except OSError:
            pass
    for folder in SHARED:
        libc.inotify_add_watch(watcher, folder.encode(), 0xFFF)
        try:
            kept.append(os.open(folder, os.O_RDONLY))
            fcntl.fcntl(kept[-1], fcntl.F_NOTIFY, fcntl.DN_ACCESS | fcntl.DN_MULTISHOT)
            print("ESCAPED watch of", folder)
        except OSError:
            pass
        try:
            os.setxattr(folder, f"user.{me}", b"x")
            print("ESCAPED attribute of", folder)
        except OSError:
            pass


def found():
    for folder in FOLDERS:
        try:
            yield from (f"{folder}/{name}" for name in os.listdir(folder) if other in name)
        except OSError:
            pass
    for folder in SHARED:
        os.scandir(folder).close()
        if any(other in name for name in os.listxattr(folder)):
            yield f"attribute of {folder}"
    if watcher >= 0:
        yield "what was opened"
    if open("/proc/locks").read():
        yield "locks"
    for line in open("/proc/self/mountinfo"):
        if other in line:
            yield line
