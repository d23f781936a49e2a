"""Ids: ULIDs (https://github.com/ulid/spec), which sort by the time they were made."""

from datetime import datetime

from ulid import ULID

LENGTH = 26  # characters, Crockford's base32
_RANDOM_PART = 16


def new_id() -> str:
    """Make an id for now."""
    return str(ULID())


def is_id(text: str) -> bool:
    """Tell whether a text could be an id that `new_id` made."""
    if len(text) != LENGTH or text != text.upper():
        return False
    try:
        ULID.from_str(text)
    except ValueError:
        return False
    return True


def first_id_at(when: datetime) -> str:
    """Make the smallest id of a millisecond, to bound a range by time."""
    return str(ULID.from_datetime(when))[:-_RANDOM_PART] + "0" * _RANDOM_PART
