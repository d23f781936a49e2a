"""A line to a program while it runs: its output as it comes, and the wish to end it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ignis.executor.models import Output


def _unheard(_: Output) -> None:
    """Nobody listens."""


class Live:
    """What whoever started a program and its sandbox tell each other meanwhile."""

    def __init__(self, on_output: Callable[[Output], None] = _unheard) -> None:
        """Hand output to `on_output` as it comes; it must not wait, nor raise."""
        self.on_output = on_output
        self.cancelled = False
        self._end: Callable[[], object] | None = None

    def cancel(self) -> None:
        """End the program; what it printed so far is kept."""
        asked, self.cancelled = self.cancelled, True
        if self._end and not asked:
            self._end()

    @contextmanager
    def ended_by(self, end: Callable[[], object]) -> Iterator[None]:
        """Be ended by `end`, which must not wait, for as long as the context lasts."""
        before, self._end = self._end, end
        try:
            if self.cancelled:
                end()
            yield
        finally:
            self._end = before
