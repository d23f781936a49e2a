"""Looks at the living processes of this pid namespace, other than the runner."""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH208

import os
from typing import NamedTuple

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_RUNNER = "1"
# Of /proc/<pid>/status: what it wrote, what it shares, and the tables that map it all.
_HELD = (b"RssAnon:", b"RssShmem:", b"VmPTE:")
# Positions in /proc/<pid>/stat, counted from behind the name in brackets.
_UTIME, _CSTIME, _THREADS = 11, 14, 17


class Total(NamedTuple):
    """What all processes hold together."""

    cpu_ms: float
    memory_kb: int
    tasks: int


def look() -> Total:
    """Return the totals; memory counts a page once per process that maps it."""
    cpu_ms, memory_kb, tasks = 0.0, 0, 0
    for pid in _pids():
        try:
            stat = _read(pid, "stat").rpartition(b")")[2].split()
            memory_kb += _sum_kb(_read(pid, "status"), *_HELD)
        except OSError:
            continue  # ended meanwhile
        cpu_ms += sum(map(int, stat[_UTIME : _CSTIME + 1])) * _TICK_MS
        tasks += int(stat[_THREADS])
    return Total(cpu_ms, memory_kb, tasks)


def exact_memory_kb() -> int:
    """Return memory with shared pages shared out; slow with large processes."""
    total = 0
    for pid in _pids():
        try:
            total += _sum_kb(_read(pid, "smaps_rollup"), b"Pss_Anon:", b"Pss_Shmem:")
            total += _sum_kb(_read(pid, "status"), b"VmPTE:")
        except PermissionError:
            # It made itself undumpable: then it is counted in full.
            total += _held_kb(pid)
        except OSError:
            continue
    return total


def _held_kb(pid: str) -> int:
    try:
        return _sum_kb(_read(pid, "status"), *_HELD)
    except OSError:
        return 0


def _pids() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit() and name != _RUNNER]


def _read(pid: str, name: str) -> bytes:
    fd = os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 16384)
    finally:
        os.close(fd)


def _sum_kb(text: bytes, *keys: bytes) -> int:
    total = 0
    for line in text.splitlines():
        name, _, value = line.partition(b"\t") if b"\t" in line else line.partition(b" ")
        if name.strip() in keys:
            total += int(value.split()[0])
    return total
