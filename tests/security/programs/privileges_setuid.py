"""Runs every program with a set-uid bit or capabilities, and makes its own.

Must: contained
"""
import glob
import os
import shutil
import stat
import subprocess

special = []
for folder in ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib/*", "/usr/libexec"):
    for path in glob.glob(f"{folder}/*"):
        try:
            found = os.stat(path)
            marked = "security.capability" in os.listxattr(path)
        except OSError:
            continue
        if stat.S_ISREG(found.st_mode) and (found.st_mode & 0o6000 or marked):
            special.append(path)
looks = "grep -E 'Cap(Eff|Prm|Amb)|Uid|Gid' /proc/self/status"
for path in special:
    try:
        done = subprocess.run([path, "-c", looks], capture_output=True, stdin=subprocess.DEVNULL, timeout=0.5)
    except (OSError, subprocess.TimeoutExpired):
        continue
    if b"Uid:\t0" in done.stdout or b"Gid:\t0" in done.stdout:
        print("ESCAPED", path, done.stdout)
for folder in ("/box", "/tmp", "/dev/shm"):
    own = f"{folder}/own"
    shutil.copy("/bin/grep", own)
    os.chmod(own, 0o6755)
    try:
        os.setxattr(own, "security.capability", bytes.fromhex("0100000200000020000000000000000000000000"))
        print("ESCAPED capability")
    except OSError:
        pass
    try:
        os.chown(own, 0, 0)
        print("ESCAPED chown")
    except OSError:
        pass
    done = subprocess.run([own, "-E", "^Cap(Eff|Prm|Amb)|^Uid|^Gid", "/proc/self/status"], capture_output=True)
    for line in done.stdout.decode().splitlines():
        name, *values = line.split()
        if name.startswith("Cap") and int(values[0], 16) or name[1:] == "id:" and "0" in values:
            print("ESCAPED", folder, line)
print("contained")
