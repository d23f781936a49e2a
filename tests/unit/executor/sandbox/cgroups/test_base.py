"""Making and removal, on folders that look like cgroups."""

from pathlib import Path

from ignis.executor.sandbox.cgroups.base import Base, remove_base, sweep


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
