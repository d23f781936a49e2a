"""Makes system calls that no job may make.

Must: contained
"""
import ctypes
import errno
import platform

libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
CALLS = {  # name: (x86_64, aarch64, arguments)
    "mount": (165, 40, (b"none", b"/tmp", b"tmpfs", 0, 0)),
    "umount2": (166, 39, (b"/proc", 2)),
    "pivot_root": (155, 41, (b"/tmp", b"/tmp")),
    "chroot": (161, 51, (b"/tmp",)),
    "unshare user": (272, 97, (0x10000000,)),
    "unshare net": (272, 97, (0x40000000,)),
    "setns": (308, 268, (0, 0)),
    "clone user": (56, 220, (0x10000000 | 17, 0, 0, 0, 0)),
    "clone mount": (56, 220, (0x20000 | 17, 0, 0, 0, 0)),
    "ptrace": (101, 117, (16, 1, 0, 0)),
    "ptrace traceme": (101, 117, (0, 0, 0, 0)),
    "process_vm_readv": (310, 270, (1, 0, 0, 0, 0, 0)),
    "kcmp": (312, 272, (1, 1, 0, 0, 0)),
    "add_key": (248, 217, (b"user", b"x", b"y", 1, -2)),
    "keyctl": (250, 219, (0, -3, 1)),
    "request_key": (249, 218, (b"user", b"x", 0, 0)),
    "bpf": (321, 280, (0, 0, 0)),
    "perf_event_open": (298, 241, (0, 0, -1, -1, 0)),
    "io_uring_setup": (425, 425, (8, 0)),
    "userfaultfd": (323, 282, (1,)),
    "io_setup": (206, 0, (8, 0)),
    "open_by_handle_at": (304, 265, (0, 0, 0)),
    "fsopen": (430, 430, (b"tmpfs", 0)),
    "open_tree": (428, 428, (-100, b"/", 1)),
    "init_module": (175, 105, (0, 0, 0)),
    "kexec_load": (246, 104, (0, 0, 0, 0)),
    "reboot": (169, 142, (0xFEE1DEAD, 0x28121969, 0, 0)),
    "sethostname": (170, 161, (b"x", 1)),
    "settimeofday": (164, 170, (0, 0)),
    "syslog": (103, 116, (3, 0, 0)),
    "prlimit of the runner": (302, 261, (1, 0, 0, 0)),
}
for name, (x86, arm, arguments) in CALLS.items():
    result = libc.syscall(x86 if X86 else arm, *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result != -1 or ctypes.get_errno() != errno.EPERM:
        print("ESCAPED", name, result, ctypes.get_errno())
result = libc.syscall(435, 0, 0)  # clone3
if result != -1 or ctypes.get_errno() != errno.ENOSYS:
    print("ESCAPED clone3", result, ctypes.get_errno())
print("contained")
