"""Who is calling: a token that the auth service signs and the others verify.

A compact JWS (RFC 7515) signed with Ed25519 (RFC 8037), good for a minute.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ignis.errors import Unauthenticated

IDENTITY_HEADER = "x-ignis-identity"
LIFETIME = 60  # seconds
ALGORITHM = "EdDSA"
AUDIENCE = "ignis"
CLOCK_SKEW = 5  # seconds that the clocks of two machines may differ


class CredentialKind(StrEnum):
    """What the caller showed to the auth service."""

    API_KEY = "api_key"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller, as the auth service knows it."""

    user: str  # owns what the call makes
    kind: CredentialKind
    scopes: frozenset[str]
    nonce: str  # one per client request, the same when the gateway repeats it
    key_id: str = ""  # the API key's id; empty for a session


class PublicKeys(Protocol):
    """Where the public halves of the auth service's keys are."""

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """Find the key, or None when there is none of that id."""
        ...


class IdentitySigner:
    """Signs identities with one key pair."""

    def __init__(self, key_id: str, private_key: Ed25519PrivateKey) -> None:
        self._key_id = key_id
        self._private_key = private_key

    def sign(self, identity: Identity) -> str:
        """Make a token that is good for LIFETIME seconds."""
        now = int(time.time())
        claims = {
            "sub": identity.user,
            "kind": identity.kind.value,
            "scopes": sorted(identity.scopes),
            "nonce": identity.nonce,
            "key": identity.key_id,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + LIFETIME,
        }
        return jwt.encode(claims, self._private_key, ALGORITHM, headers={"kid": self._key_id})


class IdentityVerifier:
    """Verifies identities with whatever public keys are known."""

    def __init__(self, keys: PublicKeys) -> None:
        self._keys = keys

    async def verify(self, token: str) -> Identity:
        """Read a token.

        Raises:
            Unauthenticated: it is not one of ours, or too old.
        """
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid", ""))
            public_key = await self._keys.find(key_id)
            if public_key is None:
                raise _refusal()
            claims = jwt.decode(
                token,
                public_key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                leeway=CLOCK_SKEW,
                options={"require": ["exp", "iat", "aud", "sub"]},
            )
            return _identity(claims)
        except (jwt.PyJWTError, KeyError, ValueError):
            raise _refusal() from None


def _refusal() -> Unauthenticated:
    return Unauthenticated(
        "IDENTITY_INVALID", "Send the request through the gateway, with an API key or a session."
    )


def _identity(claims: Mapping[str, Any]) -> Identity:
    return Identity(
        user=claims["sub"],
        kind=CredentialKind(claims["kind"]),
        scopes=frozenset(claims["scopes"]),
        nonce=claims["nonce"],
        key_id=claims["key"],
    )
