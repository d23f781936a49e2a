"""Reads whatever /proc shows of processes that are not its own, the runner's above all.

Must: contained
"""
import os

mine = {os.getpid()}
child = os.fork()
if child == 0:
    __import__("time").sleep(60)
mine.add(child)
for pid in (*range(1, 3000), os.getppid()):
    if pid in mine or not os.path.exists(f"/proc/{pid}"):
        continue
    for name in ("environ", "maps", "mem", "auxv", "stack", "syscall", "fdinfo/0", "pagemap", "io"):
        try:
            with open(f"/proc/{pid}/{name}", "rb", buffering=0) as file:
                if file.read(64):
                    print("ESCAPED", pid, name)
        except OSError:
            pass
    for name in ("fd", "map_files", "task/1/fd", "ns", "cwd", "root", "root/etc"):
        try:
            print("ESCAPED", pid, name, os.listdir(f"/proc/{pid}/{name}"))
        except OSError:
            pass
    for name in ("exe", "cwd", "root", "ns/mnt", "ns/net"):
        try:
            print("ESCAPED", pid, name, os.readlink(f"/proc/{pid}/{name}"))
        except OSError:
            pass
    for name in ("oom_score_adj", "coredump_filter", "comm", "clear_refs", "timerslack_ns"):
        try:
            with open(f"/proc/{pid}/{name}", "wb", buffering=0) as file:
                file.write(b"1")
            print("ESCAPED", pid, name)
        except OSError:
            pass
os.kill(child, 9)
print("contained")
