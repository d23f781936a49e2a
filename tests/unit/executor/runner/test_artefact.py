"""Taking files out of a folder, and putting them into another one."""

import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from ignis.executor.runner import artefact
from ignis.executor.runner.artefact import ArtefactError


class Sink:
    """A channel that keeps what it is given."""

    def __init__(self) -> None:
        self.data = b""

    def sendall(self, data: bytes, /) -> None:
        """Keep it."""
        self.data += data


def taken(folder: Path, most: int = 1 << 20) -> bytes:
    """What is sent of a folder."""
    entries = artefact.survey(str(folder), most)
    sink = Sink()
    artefact.send(sink, str(folder), entries)
    assert len(sink.data) == artefact.length(entries)
    return sink.data


def source(data: bytes) -> Callable[[int], bytes]:
    """A way to receive these bytes."""
    view = memoryview(data)

    def receive(size: int) -> bytes:
        nonlocal view
        part, view = bytes(view[:size]), view[size:]
        if len(part) < size:
            raise EOFError
        return part

    return receive


def entry(name: bytes, mode: int = stat.S_IFREG | 0o644, content: bytes = b"x") -> bytes:
    """The bytes of one entry."""
    return struct.pack("!IIQq", len(name), mode, len(content), 0) + name + content


def restore(data: bytes, folder: Path) -> None:
    """Put it into a folder."""
    folder.mkdir()
    artefact.restore(source(data), len(data), str(folder))


def test_there_and_back(tmp_path: Path) -> None:
    """Names of any bytes, empty folders and files, permissions and times come through."""
    box = tmp_path / "box"
    (box / "a" / "b").mkdir(parents=True)
    (box / "empty").mkdir(mode=0o700)
    (box / "a" / "b" / "large").write_bytes(os.urandom(200_000))
    (box / "a" / "none").touch(mode=0o600)
    Path(os.fsdecode(bytes(box) + b"/\xff\n")).write_text("odd")
    os.utime(box / "a" / "none", ns=(1, 1_234_567_890_123_456_789))
    restore(taken(box), tmp_path / "again")

    def listed(folder: Path) -> list[tuple[str, int, bytes]]:
        return sorted(
            (
                str(path.relative_to(folder)),
                path.stat().st_mode,
                path.read_bytes() if path.is_file() else b"",
            )
            for path in folder.rglob("*")
        )

    assert listed(box) == listed(tmp_path / "again")
    assert 1_234_567_890_123_456_789 == (tmp_path / "again/a/none").stat().st_mtime_ns


def test_an_empty_folder_is_nothing(tmp_path: Path) -> None:
    """Without any file there are no bytes."""
    assert b"" == taken(tmp_path)


def test_a_device_is_refused(tmp_path: Path) -> None:
    """A device is neither file nor folder, and is not opened."""
    try:
        os.mknod(tmp_path / "tty", stat.S_IFCHR | 0o666, os.makedev(5, 0))
    except PermissionError:
        pytest.skip("only root makes devices")
    with pytest.raises(ArtefactError, match="neither"):
        artefact.survey(str(tmp_path), 1 << 20)


def test_files_outside_are_refused(tmp_path: Path) -> None:
    """Folders outside may be there, files may not."""
    (tmp_path / "box").mkdir()
    outside = tmp_path / "tmp"
    (outside / "hsperfdata").mkdir(parents=True)
    assert [] == artefact.survey(str(tmp_path / "box"), 1, (str(outside),))
    (outside / "hsperfdata" / "1").touch()
    with pytest.raises(ArtefactError, match="outside"):
        artefact.survey(str(tmp_path / "box"), 1, (str(outside),))


@pytest.mark.parametrize("change", ["grown", "shrunk", "link", "fifo"])
def test_what_changes_meanwhile_is_noticed(tmp_path: Path, change: str) -> None:
    """A file that isn't what it was any more ends the sending; a FIFO is not waited for."""
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    entries = artefact.survey(str(tmp_path), 1 << 20)
    file.unlink()
    if change == "link":
        file.symlink_to("/etc/passwd")
    elif change == "fifo":
        os.mkfifo(file)
    else:
        file.write_bytes(b"123456" if change == "grown" else b"1")
    with pytest.raises((ArtefactError, OSError)):
        artefact.send(Sink(), str(tmp_path), entries)


@pytest.mark.parametrize(
    "name", [b"../out", b"/out", b"a/../../out", b"", b".", b"a//b", b"a/", b"no/folder", b"a\0b"]
)
def test_bad_names(tmp_path: Path, name: bytes) -> None:
    """A name that leads out, or nowhere, writes nothing anywhere."""
    with pytest.raises((ArtefactError, OSError, ValueError)):
        restore(entry(name), tmp_path / "box")

    assert [tmp_path / "box"] == list(tmp_path.rglob("*"))


@pytest.mark.parametrize(
    "data",
    [
        entry(b"l", stat.S_IFLNK | 0o777, b"/etc/passwd"),
        entry(b"d", stat.S_IFCHR | 0o666, b""),
        entry(b"p", stat.S_IFIFO | 0o666, b""),
        entry(b"f", stat.S_IFDIR | 0o755, b"x"),
        entry(b"long" * 2000),
        entry(b"cut")[:-1],
        entry(b"more") + b"x",
        struct.pack("!IIQq", 1, stat.S_IFREG, 1 << 62, 0) + b"x",
    ],
)
def test_what_no_runner_sends(tmp_path: Path, data: bytes) -> None:
    """Neither files nor folders, or lengths that don't add up: refused."""
    with pytest.raises((ArtefactError, OSError, EOFError)):
        restore(data, tmp_path / "box")


def test_no_special_permissions(tmp_path: Path) -> None:
    """Bytes that ask for setuid get a plain file."""
    restore(entry(b"f", stat.S_IFREG | 0o6755), tmp_path / "box")

    assert 0o755 == stat.S_IMODE((tmp_path / "box/f").stat().st_mode)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """The same name twice is refused."""
    with pytest.raises(FileExistsError):
        restore(entry(b"f") + entry(b"f"), tmp_path / "box")
