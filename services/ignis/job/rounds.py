"""Rounds: what a service does again and again, whatever one of them meets."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ignis.errors import Unavailable
from ignis.server.logs import get_logger

log = get_logger()


class Failures(Protocol):
    """Where failures are counted."""

    def failed(self, where: str) -> None:
        """Count a failure of Ignis itself."""
        ...


@contextmanager
def survived(what: str, failures: Failures) -> Iterator[None]:
    """Go on after a round that failed.

    A server that is away will come back. Anything else is a defect, and is
    told as one; but a service that ended of it would end its other work too,
    and meet the same row again at its next start.
    """
    try:
        yield
    except Unavailable as error:
        log.warning("waiting", what=what, reason=error.reason)
    except Exception:  # as the docstring says
        log.exception("a round failed", what=what)
        failures.failed(what)
