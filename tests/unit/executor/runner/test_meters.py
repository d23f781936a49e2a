"""Reading a cgroup's files."""

import dataclasses
import os
import resource
from pathlib import Path

import pytest

from ignis.executor.models import Limits
from ignis.executor.runner.meters import CgroupMeter, ProcMeter, SampledMeter, meter_for
from ignis.executor.runner.place import Group

V1 = {
    "cpu": "1500000\n",
    "peak": "2048000\n",
    "oom": "oom_kill_disable 0\nunder_oom 0\noom_kill {killed}\n",
    "pids": "max {refused}\n",
}
V2 = {
    "cpu": "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n",
    "peak": "2048000\n",
    "oom": "low 0\nhigh 0\nmax 3\noom 1\noom_kill {killed}\noom_group_kill 0\n",
    "pids": "max {refused}\n",
}


def group(folder: Path, texts: dict[str, str], **values: int) -> Group:
    """Return a group whose files have these texts."""
    fds = {}
    for name, text in texts.items():
        path = folder / name
        path.write_text(text.format(**({"killed": 0, "refused": 0} | values)))
        fds[name] = os.open(path, os.O_RDONLY)
    return Group((), fds["cpu"], fds["peak"], fds["oom"], fds["pids"])


@pytest.mark.parametrize("texts", [V1, V2], ids=["v1", "v2"])
def test_figures(tmp_path: Path, texts: dict[str, str]) -> None:
    """CPU time is in milliseconds and memory in KiB, whichever the version."""
    meter = CgroupMeter(group(tmp_path, texts))

    assert (1.5, 2000) == (meter.cpu_ms(), meter.peak_kb())
    assert not meter.out_of_memory()
    assert not meter.fork_refused()


@pytest.mark.parametrize("texts", [V1, V2], ids=["v1", "v2"])
def test_events(tmp_path: Path, texts: dict[str, str]) -> None:
    """A kill for memory and a refused fork are told."""
    meter = CgroupMeter(group(tmp_path, texts, killed=1, refused=7))

    assert meter.out_of_memory()
    assert meter.fork_refused()


def test_sampled_peak(tmp_path: Path) -> None:
    """Without a peak of the kernel's the highest sample counts, or a process that had more."""
    meter = SampledMeter(group(tmp_path, V2))
    meter.out_of_memory()
    (tmp_path / "peak").write_text("4096\n")
    meter.out_of_memory()
    sampled = meter.peak_kb()
    copied, grown = (list(resource.getrusage(resource.RUSAGE_SELF)) for _ in range(2))
    copied[2], grown[2] = 1, copied[2] * 2
    meter.reaped(resource.struct_rusage(copied))
    unchanged = meter.peak_kb()
    meter.reaped(resource.struct_rusage(grown))

    assert (2000, 2000, grown[2]) == (sampled, unchanged, meter.peak_kb())


def test_choice(tmp_path: Path) -> None:
    """Without a cgroup /proc is read."""
    limits = Limits(1, 1, 1, 1, 1, 1)

    assert isinstance(meter_for(None, limits), ProcMeter)
    assert CgroupMeter is type(meter_for(group(tmp_path, V1), limits))
    old = dataclasses.replace(group(tmp_path, V2), sampled=True)
    assert SampledMeter is type(meter_for(old, limits))
