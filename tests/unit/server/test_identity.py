"""Identities: signed by one, verified by the others."""

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ignis.errors import Unauthenticated, Unavailable
from ignis.server.identity import (
    AUDIENCE,
    CLOCK_SKEW,
    LIFETIME,
    CredentialKind,
    Identity,
    IdentitySigner,
    IdentityVerifier,
)

PRIVATE = Ed25519PrivateKey.generate()
WHO = Identity("user_1", CredentialKind.API_KEY, frozenset({"jobs:read"}), "n1", "key1")


class Keys:
    """One key, by its id."""

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """Find it."""
        return PRIVATE.public_key() if key_id == "a" else None


VERIFIER = IdentityVerifier(Keys())


def token(
    key: object = PRIVATE, algorithm: str = "EdDSA", key_id: object = "a", **claims: object
) -> str:
    """A token with these claims instead of the usual ones; None leaves one out."""
    now = int(time.time())
    usual: dict[str, object] = {
        "sub": "user_1",
        "kind": "api_key",
        "scopes": ["jobs:read"],
        "nonce": "n1",
        "key": "key1",
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + LIFETIME,
    }
    present = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode(present, key, algorithm, headers={"kid": key_id})  # type: ignore[arg-type]  # wrong keys too


async def test_what_is_signed_is_verified() -> None:
    """Everything that auth knows of a caller arrives."""
    assert WHO == await VERIFIER.verify(IdentitySigner("a", PRIVATE).sign(WHO))


async def test_an_identity_is_good_for_a_minute() -> None:
    """The signer's tokens expire, so that one that leaks is soon worth nothing."""
    claims = jwt.decode(IdentitySigner("a", PRIVATE).sign(WHO), options={"verify_signature": False})

    assert 60 == claims["exp"] - claims["iat"]


async def test_clocks_may_differ_a_little() -> None:
    """A token that expired a moment ago, or begins in a moment, still counts."""
    now = int(time.time())
    await VERIFIER.verify(token(exp=now - CLOCK_SKEW + 2))
    await VERIFIER.verify(token(iat=now + CLOCK_SKEW - 2))


def without_signature() -> str:
    """A token that says that it needs no signature."""
    header, payload, _ = token().split(".")
    bare = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "a"}).encode())
    assert header
    return f"{bare.rstrip(b'=').decode()}.{payload}."


def with_another_payload() -> str:
    """Our signature under someone else's claims."""
    header, _, signature = token().split(".")
    return f"{header}.{token(sub='user_2').split('.')[1]}.{signature}"


PUBLIC_BYTES = PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
NOW = int(time.time())


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        "a.b.c",
        "ä.ö.ü",
        without_signature(),
        with_another_payload(),
        token(key=Ed25519PrivateKey.generate()),
        token(key=PUBLIC_BYTES, algorithm="HS256"),
        token(key_id="b"),
        token(exp=NOW - CLOCK_SKEW - 1),
        token(iat=NOW + 60),
        token(aud="another"),
        token(aud=None),
        token(exp=None),
        token(sub=None),
        token(kind="superuser"),
        token(kind=None),
        token(nonce=None),
    ],
    ids=[
        "empty",
        "no token",
        "no base64",
        "no ASCII",
        "alg none",
        "another payload",
        "another key",
        "public key as a secret",
        "unknown key",
        "expired",
        "of tomorrow",
        "other audience",
        "no audience",
        "no end",
        "nobody",
        "unknown kind",
        "no kind",
        "no nonce",
    ],
)
async def test_nothing_else_is_believed(forged: str) -> None:
    """Whatever is wrong with a token, the answer is the same and says nothing of why."""
    with pytest.raises(Unauthenticated) as caught:
        await VERIFIER.verify(forged)

    assert "IDENTITY_INVALID" == caught.value.reason


async def test_keys_that_are_away_refuse_nobody() -> None:
    """When keys can't be read the caller is told to try again, not that they are nobody."""

    class Away:
        async def find(self, key_id: str) -> Ed25519PublicKey | None:
            raise Unavailable("IDENTITY_KEYS_UNAVAILABLE", key_id)

    with pytest.raises(Unavailable):
        await IdentityVerifier(Away()).verify(token())
