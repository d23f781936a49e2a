"""Session tokens: JSON Web Tokens as Clerk signs them.

https://clerk.com/docs/guides/sessions/manual-jwt-verification says what to
verify; PyJWT does the cryptography.
"""

import re
from collections.abc import Mapping
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ignis.errors import Unauthenticated

ALGORITHM = "RS256"  # and no other, whatever a token's header says
SIZE_MAX = 8 * 1024  # bytes
KEY_ID_MAX = 200  # characters
CLOCK_SKEW = 5  # seconds, as in Clerk's own libraries
_TYPE = "JWT"
_USER = re.compile(r"[\x21-\x7e]{1,255}")
# What a hostile token can make a parser raise, before its signature is looked at.
_BROKEN = (jwt.PyJWTError, ValueError, TypeError, RecursionError)


class SigningKeys(Protocol):
    """The public keys of the issuer."""

    async def find(self, key_id: str) -> RSAPublicKey | None:
        """Find a key, or None when the issuer has none of that id.

        Raises:
            Unavailable: the issuer's keys can't be had for now.
        """
        ...


class OneKey:
    """The only key there is, whatever id a token names (networkless verification)."""

    def __init__(self, key: RSAPublicKey) -> None:
        self._key = key

    async def find(self, _key_id: str) -> RSAPublicKey | None:
        """Find the key."""
        return self._key


class SessionVerifier:
    """Verifies session tokens.

    Args:
        keys: the issuer's public keys.
        issuer: the `iss` to accept; empty means any.
        parties: the `azp` to accept; empty means any. Where some are given, a
            token without `azp` is refused, as in Clerk's own libraries.
    """

    def __init__(
        self, keys: SigningKeys, issuer: str = "", parties: frozenset[str] = frozenset()
    ) -> None:
        self._keys = keys
        self._issuer = issuer or None
        self._parties = parties

    async def verify(self, token: str) -> str:
        """Read a token; returns the user's id.

        Raises:
            Unauthenticated: it is not a good one.
            Unavailable: the issuer's keys can't be had for now.
        """
        key = await self._keys.find(_key_id(token))
        if key is None:
            raise _invalid("it was signed with a key that its issuer does not have")
        claims = self._claims(token, key)
        if self._parties and claims.get("azp") not in self._parties:
            raise _invalid("it was not made for this site (azp)")
        if claims.get("sts") == "pending":
            raise Unauthenticated("SESSION_PENDING", "Finish signing in, then try again.")
        return _user(claims)

    def _claims(self, token: str, key: RSAPublicKey) -> Mapping[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                leeway=CLOCK_SKEW,
                options={"require": ["exp", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated(
                "SESSION_EXPIRED", "This session token has expired; get a new one and try again."
            ) from None
        except jwt.ImmatureSignatureError:
            raise _invalid("it is not valid yet; compare the clocks") from None
        except jwt.InvalidIssuerError:
            raise _invalid("it has another issuer (iss)") from None
        except jwt.InvalidAudienceError:
            raise _invalid("it was made for another service (aud)") from None
        except jwt.MissingRequiredClaimError as error:
            raise _invalid(f"it has no {error.claim}") from None
        except _BROKEN:
            raise _invalid("its signature does not fit") from None


def _key_id(token: str) -> str:
    """Read which key a token names; its header must say RS256."""
    if len(token) > SIZE_MAX:
        raise _invalid(f"it is longer than {SIZE_MAX} bytes")
    try:
        header = jwt.get_unverified_header(token)
    except _BROKEN:
        raise _invalid("it is no JSON Web Token") from None
    if header.get("alg") != ALGORITHM:
        raise _invalid(f"it is not signed with {ALGORITHM}")
    if header.get("typ", _TYPE) != _TYPE:  # an OAuth access token says at+jwt, for one
        raise _invalid("it is not a session token")
    key_id = header.get("kid", "")
    if not isinstance(key_id, str) or len(key_id) > KEY_ID_MAX:
        raise _invalid("it names no key")
    return key_id


def _user(claims: Mapping[str, Any]) -> str:
    user = claims["sub"]
    if not isinstance(user, str) or _USER.fullmatch(user) is None:
        raise _invalid("it names no user (sub)")
    return user


def _invalid(why: str) -> Unauthenticated:
    return Unauthenticated(
        "SESSION_INVALID", f"This session token is refused: {why}. Sign in again to get a new one."
    )
