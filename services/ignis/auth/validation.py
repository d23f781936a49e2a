"""What a request about keys may say; all that is wrong with it is told at once."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ignis.auth.models import (
    DEFAULT_SCOPES,
    NAME_MAX,
    PAGE_DEFAULT,
    PAGE_MAX,
    KeyChanges,
    KeyDraft,
)
from ignis.errors import Violation, invalid
from ignis.server.ids import is_id


@dataclass(frozen=True, slots=True)
class KeyRules:
    """What a key may be given."""

    scopes: frozenset[str]
    rate_limit_default: int  # requests per minute
    rate_limit_max: int  # requests per minute

    def checked_draft(self, draft: KeyDraft, now: datetime) -> KeyDraft:
        """Tidy a draft, and give it the default scopes where it names none.

        Raises:
            InvalidArgument: with all that is wrong.
        """
        tidied = replace(
            draft, name=draft.name.strip(), scopes=_tidy(draft.scopes) or DEFAULT_SCOPES
        )
        _refuse(
            *_name(tidied.name),
            *self._scopes(draft.scopes),
            *self._rate_limit(tidied.rate_limit),
            *_expires_at(tidied.expires_at, now),
        )
        return tidied

    def checked_changes(self, changes: KeyChanges, now: datetime) -> KeyChanges:
        """Tidy changes.

        Raises:
            InvalidArgument: with all that is wrong.
        """
        tidied = replace(
            changes,
            name=None if changes.name is None else changes.name.strip(),
            scopes=_tidy(changes.scopes),
        )
        _refuse(
            *(() if tidied.name is None else _name(tidied.name)),
            *self._scopes(changes.scopes),
            *self._rate_limit(tidied.rate_limit),
            *_expires_at(tidied.expires_at, now),
        )
        return tidied

    def _scopes(self, scopes: Sequence[str]) -> Iterator[Violation]:
        known = ", ".join(sorted(self.scopes))
        for index, scope in enumerate(scopes):
            if scope not in self.scopes:
                yield Violation(f"scopes[{index}]", f"is not one of {known}")

    def _rate_limit(self, rate_limit: int | None) -> Iterator[Violation]:
        if rate_limit is not None and not 1 <= rate_limit <= self.rate_limit_max:
            yield Violation("rate_limit", f"must be from 1 to {self.rate_limit_max}")


def checked_page(limit: int, cursor: str) -> int:
    """Check what a list is asked for; returns the limit, 20 for 0.

    Raises:
        InvalidArgument: with all that is wrong.
    """
    _refuse(*_limit(limit), *_cursor(cursor))
    return limit or PAGE_DEFAULT


def _refuse(*violations: Violation) -> None:
    if violations:
        raise invalid(violations)


def _tidy(scopes: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(scopes)))


def _name(name: str) -> Iterator[Violation]:
    if not 1 <= len(name) <= NAME_MAX:
        yield Violation("name", f"must have 1 to {NAME_MAX} characters")
    if any(unicodedata.category(character) == "Cc" for character in name):
        yield Violation("name", "must not have control characters")


def _expires_at(expires_at: datetime | None, now: datetime) -> Iterator[Violation]:
    if expires_at is not None and expires_at <= now:
        yield Violation("expires_at", "must be in the future")


def _limit(limit: int) -> Iterator[Violation]:
    if not 0 <= limit <= PAGE_MAX:
        yield Violation("limit", f"must be from 1 to {PAGE_MAX}")


def _cursor(cursor: str) -> Iterator[Violation]:
    if cursor and not is_id(cursor):
        yield Violation("cursor", "must be the next_cursor of a page")
