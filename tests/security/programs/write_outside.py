"""Tries to write everywhere but where it may.

Must: contained
"""
import os

allowed = ("/box", "/tmp", "/dev/shm", "/proc")
for folder, names, _ in os.walk("/"):
    names[:] = [n for n in names if not os.path.join(folder, n).startswith(allowed)][:50]
    if folder.count("/") > 3:
        names.clear()
    try:
        os.close(os.open(os.path.join(folder, "planted"), os.O_CREAT | os.O_WRONLY))
        print("ESCAPED", folder)
    except OSError:
        pass
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger",
             "/proc/1/oom_score_adj", "/proc/self/uid_map", "/proc/1/clear_refs", "/usr/bin/python3",
             "/etc/passwd", "/sys/fs/cgroup/cgroup.procs"):
    try:
        if os.stat(path).st_rdev == os.stat("/dev/null").st_rdev:
            continue  # it is covered: what is written goes nowhere
        with open(path, "r+b", buffering=0) as file:
            file.write(b"0")
        print("ESCAPED", path)
    except OSError:
        pass
print("contained")
