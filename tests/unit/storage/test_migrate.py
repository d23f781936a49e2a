"""The migrations as files."""

from pathlib import Path

import pytest

import ignis.storage
from ignis.storage.migrate import FILE, migrations

FOLDER = Path(ignis.storage.__file__).with_name("migrations")
ROOMS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


@pytest.mark.parametrize("room", ROOMS)
def test_numbers_count_up_from_one(room: str) -> None:
    """No number is missing, and none is there twice: two branches that add one are noticed."""
    found = migrations(room)

    assert list(range(1, len(found) + 1)) == [migration.number for migration in found]


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_is_overlooked(room: str) -> None:
    """A name that isn't `0001_words.sql` would never be applied."""
    names = [path.name for path in (FOLDER / room).iterdir()]

    assert [] == [name for name in names if not FILE.fullmatch(name)]
