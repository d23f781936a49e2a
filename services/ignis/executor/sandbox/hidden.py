"""What of /proc no job may see."""

# The kernel's account of itself and of the host: nothing that a program needs.
HIDDEN = (
    "acpi", "bus", "cmdline", "config.gz", "driver", "fs", "iomem", "ioports", "irq",
    "kallsyms", "kcore", "key-users", "keys", "kmsg", "kpagecgroup", "kpagecount", "kpageflags",
    "latency_stats", "locks", "modules", "mtrr", "pagetypeinfo", "sched_debug", "schedstat", "scsi",
    "slabinfo", "sysrq-trigger", "sysvipc", "timer_list", "tty", "vmallocinfo",
)  # fmt: skip
