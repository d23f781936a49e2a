"""Readying a cgroup of v2, on folders that look like cgroups and a kernel that is played."""

import errno
import os
from pathlib import Path

import pytest

from ignis.executor.sandbox.cgroups import unified
from ignis.executor.sandbox.cgroups.unified import NotUsableError, prepare

EXECUTOR, BOOT, STRANGER = 10, 11, 12
ROOT = 0
SOMEBODY = 1000


@pytest.fixture(name="kernel", autouse=True)
def kernel_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse controllers while processes are in a cgroup, and move them when asked to."""

    def write(path: str, text: str) -> None:
        file = Path(path)
        if file.name == "cgroup.procs":
            file.write_text((file.read_text() if file.exists() else "") + text + "\n")
            above = file.parent.parent / "cgroup.procs"
            above.write_text(above.read_text().replace(text + "\n", ""))
        elif (file.parent / "cgroup.procs").read_text():
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        else:
            file.write_text(text.replace("+", ""))

    monkeypatch.setattr(unified, "_write", write)


@pytest.fixture(name="user", autouse=True)
def user_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be root."""
    become(monkeypatch, ROOT)


def become(monkeypatch: pytest.MonkeyPatch, uid: int) -> None:
    """Be somebody."""
    monkeypatch.setattr(os, "geteuid", lambda: uid)


def cgroup(folder: Path, *pids: int, offered: str = "cpu memory pids", enabled: str = "") -> Path:
    """Make a folder look like a cgroup."""
    folder.mkdir(exist_ok=True)
    (folder / "cgroup.controllers").write_text(offered)
    (folder / "cgroup.subtree_control").write_text(enabled)
    (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
    return folder


def enabled(folder: Path) -> str:
    """Return the controllers that children of a cgroup have."""
    return (folder / "cgroup.subtree_control").read_text()


def processes(folder: Path) -> str:
    """Return who is in a cgroup."""
    return (folder / "cgroup.procs").read_text()


def test_own(tmp_path: Path) -> None:
    """Ignis's own processes move into a leaf, then children may have controllers."""
    top = cgroup(tmp_path / "top")
    own = cgroup(top / "ignis.service", EXECUTOR, BOOT)

    assert str(own) == prepare(str(own), str(top), (EXECUTOR, BOOT))
    assert (f"{EXECUTOR}\n{BOOT}\n", "memory pids") == (
        processes(own / unified.LEAF),
        enabled(own),
    )


def test_again(tmp_path: Path) -> None:
    """From within the leaf of an earlier start, its parent is used as it is."""
    own = cgroup(tmp_path / "ignis.service", enabled="memory pids")
    leaf = cgroup(own / unified.LEAF, EXECUTOR)

    assert str(own) == prepare(str(leaf), str(tmp_path), (EXECUTOR,))
    assert f"{EXECUTOR}\n" == processes(leaf)


def test_top(tmp_path: Path) -> None:
    """At the top of a host's hierarchy nothing has to move."""
    top = cgroup(tmp_path / "top", EXECUTOR, STRANGER, enabled="cpu memory pids")

    assert str(top) == prepare(str(top), str(top), (EXECUTOR,))
    assert f"{EXECUTOR}\n{STRANGER}\n" == processes(top)


def test_container(tmp_path: Path) -> None:
    """The top that a container sees is busy, and everything in it is the container's."""
    top = cgroup(tmp_path / "top", STRANGER, EXECUTOR)

    assert str(top) == prepare(str(top), str(top), (EXECUTOR,))
    assert f"{STRANGER}\n{EXECUTOR}\n" == processes(top / unified.LEAF)


def test_delegated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What systemd has marked as given away is all ours: what runs beside us moves too."""
    top = cgroup(tmp_path / "top")
    own = cgroup(top / "ignis.service", STRANGER, EXECUTOR)
    monkeypatch.setattr(
        os, "getxattr", lambda path, name: b"1" if path == str(own) and name else b""
    )

    assert str(own) == prepare(str(own), str(top), (EXECUTOR,))
    assert "" == processes(own)


def test_owned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user who owns a cgroup was given it."""
    own = cgroup(tmp_path / "user.scope", STRANGER, EXECUTOR)
    if own.stat().st_uid == ROOT:
        os.chown(own, SOMEBODY, SOMEBODY)
    become(monkeypatch, own.stat().st_uid)

    assert str(own) == prepare(str(own), str(tmp_path), (EXECUTOR,))
    assert "" == processes(own)


def test_shared_with_strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody moves a login's shell: root goes to the top, others are told why they can't."""
    top = cgroup(tmp_path / "top", enabled="memory pids")
    own = cgroup(top / "session-1.scope", STRANGER, EXECUTOR)

    assert str(top) == prepare(str(own), str(top), (EXECUTOR,))
    assert f"{STRANGER}\n{EXECUTOR}\n" == processes(own)
    become(monkeypatch, own.stat().st_uid + 1)
    with pytest.raises(NotUsableError, match=r"session-1\.scope: .* isn't delegated"):
        prepare(str(own), str(top), (EXECUTOR,))


def test_missing_controllers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cgroup that isn't given memory is of no use, and that is said."""
    become(monkeypatch, SOMEBODY)
    own = cgroup(tmp_path / "x", offered="cpu pids")

    with pytest.raises(NotUsableError, match="x: it isn't given the controllers memory"):
        prepare(str(own), str(tmp_path), (EXECUTOR,))


def test_stubborn(tmp_path: Path) -> None:
    """Processes that can't be seen can't be moved: that ends, and is said."""
    top = cgroup(tmp_path / "top", EXECUTOR)
    (top / "cgroup.subtree_control").write_text("")
    (top / unified.LEAF).mkdir()

    def busy(path: str, _: str) -> None:
        if path.endswith("subtree_control"):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unified, "_write", busy)
        with pytest.raises(NotUsableError, match="can't be moved"):
            prepare(str(top), str(top), (EXECUTOR,))
