"""Private files are private, and whole."""

from pathlib import Path

import pytest

from ignis.local.files import kept_secret, private_folder, write_private


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    """The second call finds what the first one made, readable by its owner alone."""
    path = tmp_path / "secret"

    first, second = kept_secret(path), kept_secret(path)

    assert first == second
    assert len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_is_replaced_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    """Writing again leaves the new text, and no temporary file."""
    path = tmp_path / "dev.json"

    write_private(path, "one")
    write_private(path, "two")

    assert path.read_text(encoding="utf-8") == "two"
    assert [path] == list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """Text that can't be written changes nothing."""
    path = tmp_path / "dev.json"
    write_private(path, "one")

    with pytest.raises(UnicodeEncodeError):
        write_private(path, "\ud800")

    assert path.read_text(encoding="utf-8") == "one"
    assert [path] == list(tmp_path.iterdir())


def test_a_private_folder_lets_nobody_else_in(tmp_path: Path) -> None:
    """It is made with its parents, for its owner alone."""
    folder = private_folder(tmp_path / "a" / "b")

    assert folder.stat().st_mode & 0o777 == 0o700
