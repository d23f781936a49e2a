"""Looks for any privilege, and tries to gain one.

Must: contained
"""
import os
import subprocess

DOCKER = open("place").read() == "in docker"
# What the runner keeps in docker, since dropping it would take one capability more: a job gains none of
# it, since it can gain no privilege at all.
BOUNDING = 1 << 5 | 1 << 6 | 1 << 7 if DOCKER else 0

status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    if int(status[name], 16) & ~(BOUNDING if name == "CapBnd" else 0):
        print("ESCAPED", name, status[name])
if status["NoNewPrivs"] != "1" or status["Seccomp"] != "2" or 0 in os.getresuid() + os.getresgid():
    print("ESCAPED", status, os.getresuid())
for change in (os.setuid, os.setgid, os.seteuid):
    try:
        change(0)
        print("ESCAPED", change)
    except OSError:
        pass
for program in (["su", "-c", "id"], ["sudo", "-n", "id"], ["mount", "-t", "tmpfs", "none", "/tmp"],
                ["unshare", "-r", "id"], ["newgrp", "root"]):
    try:
        done = subprocess.run(program, capture_output=True, stdin=subprocess.DEVNULL, timeout=0.3)
    except (OSError, subprocess.TimeoutExpired):
        continue
    if b"uid=0" in done.stdout:
        print("ESCAPED", program)
for line in open("/proc/self/mounts"):
    _, target, _, options, *_ = line.split()
    # An engine mounts the image without nosuid; no_new_privs stands in for it.
    if "nosuid" not in options.split(",") and not DOCKER:
        print("ESCAPED", line)
    if "ro" not in options.split(",") and target not in ("/box", "/tmp", "/dev/shm", "/proc"):
        # An engine has more mounts that can be written, to which only root in the container has access.
        if not DOCKER or os.access(target, os.W_OK) and not target.startswith("/proc/"):
            print("ESCAPED", line)
print("contained")
