"""The folder stays within its size and age, whatever happens to it."""

import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ignis.executor.compiled.folder import Folder


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


def small(
    path: Path, most_bytes: int, most_seconds: float, clock: Callable[[], float] = time.time
) -> Folder:
    """A folder in which bytes count, and not blocks."""
    return Folder(path, most_bytes, most_seconds, clock, block=1)


def names(path: Path) -> set[str]:
    """The files that are there."""
    return {file.name for file in path.iterdir()}


def test_a_file_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    """It comes back, also from a folder that is opened again; nobody else can read it."""
    small(tmp_path / "c", 100, 10).write("k", b"bytes")
    again = small(tmp_path / "c", 100, 10)

    assert (b"bytes", None, 5) == (again.read("k"), again.read("other"), again.bytes)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "c", tmp_path / "c/k")]
    assert [0o700, 0o600] == modes


def test_what_goes_unused_goes_first(tmp_path: Path) -> None:
    """Reading keeps a file; of the others the one that was used longest ago is dropped."""
    folder = small(tmp_path, 30, 10)
    for name in "abc":
        folder.write(name, b"0123456789")
    folder.read("a")
    folder.write("d", b"0123456789")

    assert ({"a", "c", "d"}, 30, 1) == (names(tmp_path), folder.bytes, folder.evicted)
    assert [None, b"0123456789"] == [folder.read("b"), folder.read("a")]


def test_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    """A file larger than the folder drops nothing for nothing."""
    folder = small(tmp_path, 10, 10)
    folder.write("a", b"12345")
    folder.write("b", b"12345678901")

    assert ({"a"}, 0) == (names(tmp_path), folder.evicted)


def test_the_same_name_again(tmp_path: Path) -> None:
    """A second file of a name takes the first one's place, and its bytes count once."""
    folder = small(tmp_path, 10, 10)
    folder.write("a", b"12345678")
    folder.write("a", b"1234")

    assert (b"1234", 4, 0) == (folder.read("a"), folder.bytes, folder.evicted)


def test_old_files_go(tmp_path: Path) -> None:
    """Use makes nothing younger: what is older than it may be is dropped when it is read."""
    clock = Clock()
    folder = small(tmp_path, 100, 60, clock)
    folder.write("a", b"1")
    folder.write("b", b"1")
    clock.now += 59
    assert folder.read("a") == b"1"
    clock.now += 2

    assert (None, {"b"}, 1) == (folder.read("a"), names(tmp_path), folder.evicted)
    folder.write("c", b"1")
    assert ({"c"}, 2, 1) == (names(tmp_path), folder.evicted, folder.bytes)


def test_age_and_size_hold_after_a_restart(tmp_path: Path) -> None:
    """A new process knows how old its files are, and obeys a smaller size."""
    clock = Clock()
    folder = small(tmp_path, 100, 60, clock)
    for age, name in enumerate("abc"):
        folder.write(name, b"12345")
        os.utime(tmp_path / name, (clock.now - 50 * age, clock.now - 50 * age))

    assert names(tmp_path) == {"a", "b", "c"}
    assert (5, 2) == ((again := small(tmp_path, 5, 60, clock)).bytes, again.evicted)
    assert names(tmp_path) == {"a"}


def test_what_a_crash_left_is_removed(tmp_path: Path) -> None:
    """A file that was not whole, a link or a FIFO are no entries; what a link leads to stays."""
    (tmp_path / "canary").write_text("canary")
    path = tmp_path / "c"
    path.mkdir()
    (path / ".begun-1234").write_bytes(b"half")
    (path / "link").symlink_to(tmp_path / "canary")
    os.mkfifo(path / "fifo")
    folder = small(path, 100, 10**10)

    assert (set(), 0, None) == (names(path), folder.bytes, folder.read("link"))
    assert (tmp_path / "canary").read_text() == "canary"


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    """What takes a file's place while nobody looks is not read, and forgotten."""
    folder = small(tmp_path / "c", 100, 10)
    folder.write("k", b"bytes")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "c" / "k").unlink()
    (tmp_path / "c" / "k").symlink_to(tmp_path / "secret")

    assert (None, 0) == (folder.read("k"), folder.bytes)


def test_a_file_that_somebody_removed(tmp_path: Path) -> None:
    """It is as if it had never been there."""
    folder = small(tmp_path, 100, 10)
    folder.write("k", b"bytes")
    (tmp_path / "k").unlink()

    assert (None, 0) == (folder.read("k"), folder.bytes)
    folder.remove("k")


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there stays, and no half of a file does."""
    folder = small(tmp_path, 100, 10)
    folder.write("k", b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        folder.write("k", b"new bytes")

    assert ({"k"}, b"old", 3) == (names(tmp_path), folder.read("k"), folder.bytes)


def test_from_many_threads(tmp_path: Path) -> None:
    """However they race, the size holds and is counted right."""
    folder = small(tmp_path, 2000, 10)

    def work(number: int) -> None:
        for round_ in range(50):
            key = f"{(number * 7 + round_) % 30}"
            folder.write(key, bytes(100))
            assert folder.read(key) in (None, bytes(100))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    on_disk = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert on_disk == folder.bytes <= 2000


def test_small_files_count_with_their_blocks(tmp_path: Path) -> None:
    """Files of a few bytes can't be so many that they fill the disk."""
    folder = Folder(tmp_path, 3 * 4096, 10)
    for number in range(5):
        folder.write(str(number), b"x" * number)

    assert ({"2", "3", "4"}, 3 * 4096) == (names(tmp_path), folder.bytes)
    folder.write("large", b"x" * (3 * 4096 + 1))
    assert {"2", "3", "4"} == names(tmp_path)
