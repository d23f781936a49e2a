"""Delegation and removal, on folders that look like cgroups."""

from pathlib import Path

import pytest

from ignis.executor.sandbox.cgroups.base import (
    Base,
    NoCgroupError,
    delegate,
    remove_base,
    sweep,
)


def v2(folder: Path, offered: str = "cpu memory pids", enabled: str = "") -> Path:
    """Make a folder look like a v2 cgroup."""
    folder.mkdir(exist_ok=True)
    (folder / "cgroup.controllers").write_text(offered)
    (folder / "cgroup.subtree_control").write_text(enabled)
    return folder


def test_delegate(tmp_path: Path) -> None:
    """Ignis's own processes move into a leaf, then children may have controllers."""
    own = v2(tmp_path / "ignis.service")

    assert str(own) == delegate(str(own), (10, 11))
    assert "11" == (own / "ignis-executor/cgroup.procs").read_text()
    assert "+memory +pids" == (own / "cgroup.subtree_control").read_text()


def test_delegate_again(tmp_path: Path) -> None:
    """From within the leaf of an earlier start, its parent is used as it is."""
    own = v2(tmp_path / "ignis.service", enabled="memory pids")
    leaf = own / "ignis-executor"
    leaf.mkdir()

    assert str(own) == delegate(str(leaf), (10,))
    assert not (leaf / "cgroup.procs").exists()


def test_missing_controllers(tmp_path: Path) -> None:
    """A cgroup that isn't given memory is of no use, and that is said."""
    own = v2(tmp_path / "x", offered="cpu pids")

    with pytest.raises(NoCgroupError, match="memory"):
        delegate(str(own), (10,))


def test_remove(tmp_path: Path) -> None:
    """A base goes with all below it; one that is gone already is no error."""
    (tmp_path / "base/1-0/deeper").mkdir(parents=True)

    remove_base(Base(1, (str(tmp_path / "base"), str(tmp_path / "gone"))))

    assert [] == list(tmp_path.iterdir())


def test_sweep(tmp_path: Path) -> None:
    """Bases of dead processes go; those of living ones and of others stay."""
    dead = 2**22 + 1  # above the highest pid that Linux gives
    for name in (f"ignis-{dead}-aa", "ignis-1-bb", "ignis-executor", "other", f"ignis-{dead}-own"):
        (tmp_path / name / "1-0").mkdir(parents=True)

    sweep((str(tmp_path),), own=f"{dead}-own")

    assert {"ignis-1-bb", "ignis-executor", "other", f"ignis-{dead}-own"} == {
        path.name for path in tmp_path.iterdir()
    }
