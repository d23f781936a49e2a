"""Tries to read what only root or the host may read.

Must: contained
"""
import os

for path in ("/etc/shadow", "/etc/sudoers", "/root/.ssh", "/home", "/var/run/docker.sock",
             "/proc/kcore", "/proc/kmsg", "/proc/1/environ", "/proc/1/maps", "/proc/1/mem",
             "/proc/1/root/etc/shadow", "/proc/1/fd/3", "/proc/keys", "/proc/sysrq-trigger",
             "/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/sys/kernel", "/run/user",
             "/var/lib/docker", "/var/lib/containerd", "/var/lib/kubelet", "/var/lib/postgresql", "/var/spool/cron",
             "/var/log/auth.log", "/var/run/secrets", "/etc/ssh", "/etc/kubernetes", "/boot", "/mnt", "/media"):
    try:
        found = os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(10)
        if found:
            print("ESCAPED", path, found)
    except OSError:
        pass
print("contained")
