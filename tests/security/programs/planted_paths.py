"""Plants links, pipes, devices and folders at every path that is opened from outside, and ends.

Must: contained
"""
import os
import shutil
import stat

targets = ("/etc/shadow", "/etc/passwd", "/proc/1/mem", "/proc/self/fd/1", "/dev/zero")
names = ("main.py", ".program", "stdout", "stderr", "stdin", "result", "output", "0", "core", "tmp", ".cache")
for folder in ("/box", "/tmp", "/dev/shm"):
    for number, name in enumerate(names):
        path = f"{folder}/{name}"
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
        if number % 4 == 0:
            os.symlink(targets[number % len(targets)], path)
        elif number % 4 == 1:
            os.mkfifo(path)
        elif number % 4 == 2:
            os.mkdir(path, 0)
        else:
            os.symlink("/" + "../" * 9 + "tmp", path)
    for kind, device in ((stat.S_IFCHR, os.makedev(1, 5)), (stat.S_IFBLK, os.makedev(8, 0))):
        try:
            os.mknod(f"{folder}/device", 0o666 | kind, device)
            print("ESCAPED", device)
        except OSError:
            pass
    for source in ("/etc/passwd", "/bin/sh", "/proc/self/exe"):
        try:
            os.link(source, f"{folder}/hard", follow_symlinks=True)
            print("ESCAPED", source)
        except OSError:
            pass
os.rename("/box/main.py", "/box/moved")
os.chmod("/box", 0)
print("contained")
