"""Writes to every setting of the kernel and of processes that it can find.

Must: contained
"""
import os
import stat

for folder, _, names in os.walk("/proc/sys"):
    for name in names:
        path = os.path.join(folder, name)
        try:
            before = open(path, "rb").read()
        except OSError:
            before = b"0"
        try:
            with open(path, "wb", buffering=0) as file:
                file.write(before)
            print("ESCAPED", path)
        except OSError:
            pass
for path in ("/proc/sysrq-trigger", "/proc/irq/default_smp_affinity", "/proc/self/uid_map", "/proc/self/gid_map",
             "/proc/self/setgroups", "/proc/self/projid_map", "/proc/1/oom_score_adj", "/proc/acpi/wakeup", "/proc/mtrr",
             "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/power/state", "/sys/fs/cgroup/memory.max"):
    try:
        with open(path, "wb", buffering=0) as file:
            file.write(b"0")
            # What is hidden is /dev/null, which takes everything.
            if not stat.S_ISCHR(os.fstat(file.fileno()).st_mode):
                print("ESCAPED", path)
    except OSError:
        pass
print("contained")
