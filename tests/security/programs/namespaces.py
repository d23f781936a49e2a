"""Makes namespaces and mounts of its own, by every call and program that can.

Must: contained
"""
import ctypes
import os
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
for bit in (0x80, 0x20000, *(1 << place for place in range(25, 31))):
    if libc.unshare(bit) == 0:
        print("ESCAPED unshare", hex(bit))
for name in os.listdir("/proc/self/ns"):
    fd = os.open(f"/proc/self/ns/{name}", os.O_RDONLY)
    if libc.setns(fd, 0) == 0:
        print("ESCAPED setns", name)
    for request in (0xB701, 0xB702):  # NS_GET_USERNS, NS_GET_PARENT
        if libc.ioctl(fd, request) >= 0 and request == 0xB702:
            print("ESCAPED parent of", name)
for kind in (b"tmpfs", b"proc", b"sysfs", b"overlay", b"mqueue", b"cgroup", b"cgroup2", b"devpts", b"bpf", b"fuse"):
    if libc.mount(b"none", b"/tmp", kind, 0, None) == 0:
        print("ESCAPED mount", kind)
for source, target, flags in ((b"/", b"/tmp", 0x5000), (b"/proc", b"/box", 0x1000), (None, b"/", 0x20),
                              (None, b"/usr", 0x1020)):
    if libc.mount(source, target, None, flags, None) == 0:
        print("ESCAPED mount", target)
for target in (b"/proc", b"/tmp", b"/proc/keys", b"/dev/shm", b"/box"):
    if libc.umount2(target, 2) == 0:
        print("ESCAPED umount", target)
for program in (["unshare", "-rmn", "id"], ["unshare", "-Ur", "id"], ["nsenter", "-t", "1", "-a", "id"],
                ["mount", "-o", "remount,rw", "/"], ["chroot", "/tmp", "/bin/true"], ["umount", "-l", "/proc"]):
    try:
        done = subprocess.run(program, capture_output=True)
    except OSError:
        continue
    if done.returncode == 0:
        print("ESCAPED", program)
print("contained")
