"""What a caller shows: an API key or a session token, and in which header.

X-API-Key decides where it is present: Authorization is then not looked at, so
that a request means one thing only.
"""

from dataclasses import dataclass, field

from ignis.auth.keys import START
from ignis.errors import Unauthenticated
from ignis.server.identity import CredentialKind

_SCHEME = "bearer"
_BY_KEY = "your API key in X-API-Key"
_BY_SESSION = "your session token as Authorization: Bearer <token>"


@dataclass(frozen=True, slots=True)
class Shown:
    """A credential that nobody has verified yet."""

    kind: CredentialKind
    secret: str = field(repr=False)


def read(api_key: str, authorization: str) -> Shown | None:
    """Find the credential in the headers X-API-Key and Authorization; None without one."""
    if api_key.strip():
        return Shown(CredentialKind.API_KEY, api_key.strip())
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != _SCHEME or not token:
        return None
    kind = CredentialKind.API_KEY if token.startswith(START) else CredentialKind.SESSION
    return Shown(kind, token)


def missing(kinds: frozenset[CredentialKind]) -> Unauthenticated:
    """Say what to send where nothing was sent."""
    return Unauthenticated("CREDENTIAL_MISSING", f"Send {_what_to_send(kinds)}.")


def unsuitable(kinds: frozenset[CredentialKind]) -> Unauthenticated:
    """Say what to send where another kind was sent."""
    return Unauthenticated(
        "CREDENTIAL_UNSUITABLE",
        f"This kind of credential does not work here: send {_what_to_send(kinds)}.",
    )


def _what_to_send(kinds: frozenset[CredentialKind]) -> str:
    words = {CredentialKind.API_KEY: _BY_KEY, CredentialKind.SESSION: _BY_SESSION}
    return ", or ".join(text for kind, text in words.items() if kind in kinds)
