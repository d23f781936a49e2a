"""Writing a program's files."""

from pathlib import Path

import pytest

from ignis.executor.models import ProgramFile
from ignis.executor.runner.files import FileError, write_files


def test_nested(tmp_path: Path) -> None:
    """Folders are made on the way, and shared."""
    files = (ProgramFile("a b/c/x", b"1"), ProgramFile("a b/c/y", b"2"), ProgramFile("z", b""))
    write_files(str(tmp_path), files)

    assert b"1" == (tmp_path / "a b/c/x").read_bytes()
    assert b"2" == (tmp_path / "a b/c/y").read_bytes()
    assert b"" == (tmp_path / "z").read_bytes()


@pytest.mark.parametrize("name", ["", "/x", "../x", "a/../x", "a//x", ".", "a/", "./x", "a\0b"])
def test_bad_names(tmp_path: Path, name: str) -> None:
    """A name that isn't a plain relative path is refused, and nothing is written."""
    folder = tmp_path / "box"
    folder.mkdir()

    with pytest.raises(FileError):
        write_files(str(folder), (ProgramFile(name, b"x"),))
    assert [folder] == list(tmp_path.iterdir())
    assert not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["link", "link/x"])
def test_symlinks(tmp_path: Path, name: str) -> None:
    """A symbolic link in the work folder isn't followed."""
    (tmp_path / "canary").mkdir()
    folder = tmp_path / "box"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "canary")

    with pytest.raises(FileError, match="can't be written"):
        write_files(str(folder), (ProgramFile(name, b"x"),))
    assert [] == list((tmp_path / "canary").iterdir())


def test_twice(tmp_path: Path) -> None:
    """The same name twice is refused rather than overwritten."""
    with pytest.raises(FileError, match="File exists"):
        write_files(str(tmp_path), (ProgramFile("x", b"1"), ProgramFile("x", b"2")))
