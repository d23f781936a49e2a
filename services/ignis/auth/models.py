"""What the auth service speaks of: keys, their changes, pages of them."""

from dataclasses import dataclass
from datetime import datetime

DEFAULT_SCOPES = ("jobs:read", "jobs:write")
NAME_MAX = 100  # characters
PAGE_MAX = 100  # entries
PAGE_DEFAULT = 20  # entries


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key, without its secret."""

    id: str  # a ULID
    owner: str
    name: str
    prefix: str
    last_four: str
    scopes: tuple[str, ...]
    rate_limit: int  # requests per minute
    is_active: bool
    expires_at: datetime | None  # None: never
    last_used_at: datetime | None  # None: never
    created_at: datetime
    updated_at: datetime

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """What a user asks for in a new key; None where the default will do."""

    name: str
    scopes: tuple[str, ...] = ()
    rate_limit: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyChanges:
    """What a user changes in a key; None, or no scopes, leaves a field as it is."""

    name: str | None = None
    scopes: tuple[str, ...] = ()
    rate_limit: int | None = None
    is_active: bool | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a user's keys, newest first."""

    keys: tuple[ApiKey, ...]
    limit: int
    next_cursor: str  # empty on the last page
