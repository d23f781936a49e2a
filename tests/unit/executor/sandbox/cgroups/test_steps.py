"""Groups of steps, on folders that look like cgroups."""

import os
from pathlib import Path

import pytest

from ignis.executor.sandbox.cgroups.base import Base
from ignis.executor.sandbox.cgroups.steps import StepGroups, descriptors, limit, open_base

V1 = {
    "memory": ("tasks", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes",
               "memory.kmem.tcp.limit_in_bytes", "memory.max_usage_in_bytes",
               "memory.oom_control"),
    "pids": ("tasks", "pids.max", "pids.events"),
    "cpuacct": ("tasks", "cpuacct.usage"),
}  # fmt: skip
V2 = {
    "unified": ("cgroup.procs", "memory.max", "memory.swap.max", "memory.oom.group", "memory.peak",
                "memory.events", "pids.max", "pids.events", "cpu.stat"),
}  # fmt: skip


def hierarchy(root: Path, files: dict[str, tuple[str, ...]]) -> list[str]:
    """Make folders with the files that the kernel would make for the group g."""
    for folder, names in files.items():
        (root / folder / "g").mkdir(parents=True)
        for name in names:
            (root / folder / "g" / name).touch()
    return [str(root / folder) for folder in files]


@pytest.mark.parametrize(("version", "files"), [(1, V1), (2, V2)])
def test_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int, files: dict[str, tuple[str, ...]]
) -> None:
    """Limits are written when they are known, and everything that the runner needs is open."""
    groups = StepGroups(open_base(Base(version, tuple(hierarchy(tmp_path, files)))))
    monkeypatch.setattr(os, "mkdir", lambda *_, **__: None)  # the kernel's part was done above
    made = groups.make("g")
    limit(made.limits, memory_kb=2048, processes=7)
    first = tmp_path / next(iter(files))
    pids = tmp_path / ("pids" if version == 1 else "unified")

    assert "2097152" == (first / "g" / files[first.name][1]).read_text()
    assert "7" == (pids / "g/pids.max").read_text()
    assert len(files) == len(made.group.join)
    assert len(files) + 4 + len(made.limits) == len(descriptors((made,)))
    if version == 1:
        assert "2097152" == (first / "g/memory.memsw.limit_in_bytes").read_text()
        assert str(64 << 20) == (first / "g/memory.kmem.tcp.limit_in_bytes").read_text()
    else:
        assert ("0", "1") == (
            (first / "g/memory.swap.max").read_text(),
            (first / "g/memory.oom.group").read_text(),
        )
    for fd in descriptors((made,)):
        os.close(fd)


def test_less_than_any_process_holds(tmp_path: Path) -> None:
    """A limit below what the step's first process holds already is set to the least."""
    files = [os.open(tmp_path / name, os.O_CREAT | os.O_WRONLY) for name in ("memory", "pids")]
    limit(tuple(files), memory_kb=1, processes=1)
    for fd in files:
        os.close(fd)

    assert "1048576" == (tmp_path / "memory").read_text()


def test_no_peak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that keeps no peak has the group sampled."""
    files = {"unified": tuple(name.replace("peak", "current") for name in V2["unified"])}
    groups = StepGroups(open_base(Base(2, tuple(hierarchy(tmp_path, files)))))
    monkeypatch.setattr(os, "mkdir", lambda *_, **__: None)  # the kernel's part was done above
    made = groups.make("g")

    assert made.group.sampled
    assert str(tmp_path / "unified/g/memory.current") == str(
        Path(f"/proc/self/fd/{made.group.peak}").readlink()
    )
    for fd in descriptors((made,)):
        os.close(fd)


def test_remove(tmp_path: Path) -> None:
    """A group that is empty goes; one that is not stays, and that is told."""
    for folder in ("a", "b"):
        (tmp_path / folder / "g").mkdir(parents=True)
    groups = StepGroups(open_base(Base(1, (str(tmp_path / "a"), str(tmp_path / "b")))))
    (tmp_path / "b/g/busy").touch()

    assert not groups.remove("g")
    (tmp_path / "b/g/busy").unlink()
    assert groups.remove("g")
    assert groups.remove("g")
