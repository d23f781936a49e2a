"""Lends the runner the identity of the job's processes for a moment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def acting_as(uid: int | None) -> Iterator[None]:
    """Create files as `uid` and its group; None changes nothing.

    Only while none of the job's processes exists: they could send signals.
    """
    if uid is None:
        yield
        return
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
