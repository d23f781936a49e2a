"""Looks for any privilege, and tries to gain one.

Must: contained
"""
import os
import subprocess

status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    if int(status[name], 16):
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
        done = subprocess.run(program, capture_output=True, stdin=subprocess.DEVNULL)
    except OSError:
        continue
    if b"uid=0" in done.stdout:
        print("ESCAPED", program)
for line in open("/proc/self/mounts"):
    _, target, _, options, *_ = line.split()
    if "nosuid" not in options.split(","):
        print("ESCAPED", line)
    if "ro" not in options.split(",") and target not in ("/box", "/tmp", "/dev/shm", "/proc"):
        print("ESCAPED", line)
print("contained")
