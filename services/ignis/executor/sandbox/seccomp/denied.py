"""Every system call that no job may make, with the reason and its numbers.

A deny-list, since a judge has to run every compiler and runtime there is; what
is on it is what reaches parts of the kernel that ordinary programs never use.
Numbers are (x86_64, aarch64); None where the architecture has no such call.
"""

from typing import NamedTuple


class Call(NamedTuple):
    """A system call's numbers."""

    x86_64: int | None
    aarch64: int | None


DENIED: dict[str, Call] = {
    # Mounts: the root is finished, and mounting is where containers leak.
    "mount": Call(165, 40),
    "umount2": Call(166, 39),
    "pivot_root": Call(155, 41),
    "chroot": Call(161, 51),
    "open_tree": Call(428, 428),
    "move_mount": Call(429, 429),
    "fsopen": Call(430, 430),
    "fsconfig": Call(431, 431),
    "fsmount": Call(432, 432),
    "fspick": Call(433, 433),
    "mount_setattr": Call(442, 442),
    "statmount": Call(457, 457),
    "listmount": Call(458, 458),
    "open_tree_attr": Call(467, 467),
    # Namespaces: a user namespace of its own would give a job capabilities over
    # the kernel's least tested doors. clone is filtered by its flags.
    "unshare": Call(272, 97),
    "setns": Call(308, 268),
    # Other processes' memory, registers and descriptors: the runner's above all.
    "ptrace": Call(101, 117),
    "process_vm_readv": Call(310, 270),
    "process_vm_writev": Call(311, 271),
    "process_madvise": Call(440, 440),
    "process_mrelease": Call(448, 448),
    "pidfd_getfd": Call(438, 438),
    "kcmp": Call(312, 272),
    "migrate_pages": Call(256, 238),
    "move_pages": Call(279, 239),
    # Keyrings aren't namespaced by pid or mount: a channel between jobs.
    "add_key": Call(248, 217),
    "request_key": Call(249, 218),
    "keyctl": Call(250, 219),
    # Large interfaces with a long record of privilege escalations.
    "bpf": Call(321, 280),
    "perf_event_open": Call(298, 241),
    "io_uring_setup": Call(425, 425),
    "io_uring_enter": Call(426, 426),
    "io_uring_register": Call(427, 427),
    "userfaultfd": Call(323, 282),
    # Kernel AIO: its number of events is limited for the whole machine.
    "io_setup": Call(206, 0),
    # Memory that the kernel itself can't see, and so can't account for well.
    "memfd_secret": Call(447, 447),
    # Files by handle: reach beyond the mounts of the sandbox.
    "name_to_handle_at": Call(303, 264),
    "open_by_handle_at": Call(304, 265),
    "fanotify_init": Call(300, 262),
    "fanotify_mark": Call(301, 263),
    # Watching files: every sandbox and the host open the same ones below /usr, so a
    # job would see what others run. Watchers are also counted against the user who
    # made the sandbox: 128 of them would leave none for root of the host.
    "inotify_init": Call(253, None),
    "inotify_init1": Call(294, 26),
    # The machine: modules, other kernels, power, swap, accounting, quotas.
    "init_module": Call(175, 105),
    "finit_module": Call(313, 273),
    "delete_module": Call(176, 106),
    "kexec_load": Call(246, 104),
    "kexec_file_load": Call(320, 294),
    "reboot": Call(169, 142),
    "swapon": Call(167, 224),
    "swapoff": Call(168, 225),
    "acct": Call(163, 89),
    "quotactl": Call(179, 60),
    "quotactl_fd": Call(443, 443),
    # The kernel's log, and names of the machine.
    "syslog": Call(103, 116),
    "sethostname": Call(170, 161),
    "setdomainname": Call(171, 162),
    # The machine's clocks.
    "settimeofday": Call(164, 170),
    "clock_settime": Call(227, 112),
    "adjtimex": Call(159, 171),
    "clock_adjtime": Call(305, 266),
    # Hardware ports, segment tables, terminals.
    "iopl": Call(172, None),
    "ioperm": Call(173, None),
    "modify_ldt": Call(154, None),
    "vhangup": Call(153, 58),
    # Relics that nothing needs and nobody maintains.
    "uselib": Call(134, None),
    "ustat": Call(136, None),
    "sysfs": Call(139, None),
    "_sysctl": Call(156, None),
    "nfsservctl": Call(180, 42),
    "lookup_dcookie": Call(212, 18),
}

# Only where no cgroup counts memory: these hold what no process maps, so that
# adding up processes would miss it.
DENIED_WITHOUT_CGROUP: dict[str, Call] = {
    "memfd_create": Call(319, 279),
    "shmget": Call(29, 194),
    "semget": Call(64, 190),
    "msgget": Call(68, 186),
}

# Made to look done: they would have the host write all that it has in memory to its
# disks, as often as a job likes. A job's own files are on no disk.
PRETENDED: dict[str, Call] = {
    "sync": Call(162, 81),
    "syncfs": Call(306, 267),
}

# Filtered by their arguments; policy.py says how, and why.
CLONE = Call(56, 220)
CLONE3 = Call(435, 435)
SOCKET = Call(41, 198)
SOCKETPAIR = Call(53, 199)
PRLIMIT64 = Call(302, 261)
SETRLIMIT = Call(160, 164)
FCNTL = Call(72, 25)
MMAP = Call(9, 222)
MEMFD_CREATE = Call(319, 279)
SETPRIORITY = Call(141, 140)
IOPRIO_SET = Call(251, 30)
SCHED_SETPARAM = Call(142, 118)
SCHED_SETSCHEDULER = Call(144, 119)
SCHED_SETATTR = Call(314, 274)
