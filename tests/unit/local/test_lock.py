"""One stack at a time has a data folder."""

import os
from pathlib import Path

import pytest

from ignis.local.errors import StackError
from ignis.local.lock import locked


def test_a_held_folder_is_refused_with_the_holders_pid(tmp_path: Path) -> None:
    """The second stack is told who has the folder, and how to run beside it."""
    folder = tmp_path / "data"

    with locked(folder), pytest.raises(StackError) as refused, locked(folder):
        pass

    assert f"pid {os.getpid()} " in str(refused.value)
    assert "IGNIS_DATA_DIR=" in str(refused.value)


def test_a_folder_is_free_again(tmp_path: Path) -> None:
    """A stack that ended holds nothing."""
    with locked(tmp_path / "data"):
        pass

    with locked(tmp_path / "data"):
        assert (tmp_path / "data" / "lock").read_text(encoding="ascii") == f"{os.getpid()}\n"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file in the folder's place is one clear line."""
    (tmp_path / "data").write_text("", encoding="ascii")

    with pytest.raises(StackError, match="IGNIS_DATA_DIR"), locked(tmp_path / "data"):
        pass
