"""Which session tokens are believed."""

import time

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from tests.unit.auth import tokens

from ignis.auth.sessions import SIZE_MAX, OneKey, SessionVerifier
from ignis.errors import Unauthenticated

PARTIES = frozenset({"https://app.example.com", "https://admin.example.com"})
NOW = int(time.time())


class Keys:
    """An issuer with one key."""

    async def find(self, key_id: str) -> RSAPublicKey | None:
        """The key, for its own id alone."""
        return tokens.KEY.public_key() if key_id == tokens.KEY_ID else None


STRICT = SessionVerifier(Keys(), tokens.ISSUER, PARTIES)
LAX = SessionVerifier(OneKey(tokens.KEY.public_key()))


async def reason(verifier: SessionVerifier, token: str) -> str:
    """Why a token is refused."""
    with pytest.raises(Unauthenticated) as error:
        await verifier.verify(token)
    assert not token or token not in error.value.message
    return error.value.reason


async def test_a_good_token_names_its_user() -> None:
    """A token as Clerk makes it is believed, with and without the optional checks."""
    assert await STRICT.verify(tokens.token()) == "user_1"
    assert await LAX.verify(tokens.token()) == "user_1"


async def test_networkless_verification_ignores_the_key_id() -> None:
    """With the one key that is given, a token may name any, or none."""
    assert await LAX.verify(tokens.token(headers={"kid": "another"})) == "user_1"


async def test_optional_claims_may_be_missing() -> None:
    """A token needs a user and an end; the rest counts when it is there."""
    bare = tokens.token(iss=None, azp=None, nbf=None, iat=None, sid=None, sts=None, v=None)

    assert await LAX.verify(bare) == "user_1"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(tokens.unsigned(), id="none"),
        pytest.param(tokens.unsigned("None"), id="None"),
        pytest.param(tokens.unsigned("RS256"), id="signature missing"),
        pytest.param(tokens.confused(), id="HS256 with the public key"),
        pytest.param(tokens.mislabelled(), id="HS256 that says RS256"),
        pytest.param(tokens.tampered(), id="tampered"),
        pytest.param(tokens.token(tokens.OTHER), id="wrong key"),
        pytest.param(tokens.embedded(), id="own key in the header"),
        pytest.param(tokens.nested(), id="deep nesting"),
        pytest.param(tokens.token(headers={"typ": "at+jwt"}), id="OAuth access token"),
        pytest.param(tokens.token(headers={"kid": "k" * 201}), id="long key id"),
        pytest.param(tokens.token(nbf=NOW + 3600), id="not yet valid"),
        pytest.param(tokens.token(iat=NOW + 3600), id="from the future"),
        pytest.param(tokens.token(exp=None), id="no end"),
        pytest.param(tokens.token(exp="never"), id="end is no number"),
        pytest.param(tokens.token(sub=None), id="no user"),
        pytest.param(tokens.token(sub=""), id="empty user"),
        pytest.param(tokens.token(sub="a b"), id="user with a space"),
        pytest.param(tokens.token(sub="a\x00"), id="user with a NUL"),
        pytest.param(tokens.token(sub="u" * 256), id="long user"),
        pytest.param(tokens.token(aud="https://other.example.com"), id="audience"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="no JSON"),
        pytest.param("ey" * 10, id="one part"),
        pytest.param("é" * 20, id="not ASCII"),
        pytest.param(f"{tokens.part([])}.{tokens.part({})}.AA", id="header is a list"),
    ],
)
async def test_attacks_are_refused(token: str) -> None:
    """Whatever is wrong with a token, both verifiers refuse it as invalid."""
    assert await reason(LAX, token) == "SESSION_INVALID"
    assert await reason(STRICT, token) == "SESSION_INVALID"


@pytest.mark.parametrize("token", [tokens.unsigned(), tokens.confused()], ids=["none", "HS256"])
async def test_another_algorithm_is_refused_by_its_header(token: str) -> None:
    """It gets no further: no key is looked up for it, and its owner learns why."""
    with pytest.raises(Unauthenticated, match="not signed with RS256"):
        await LAX.verify(token)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(tokens.token(headers={"kid": "ins_2"}), id="unknown key"),
        pytest.param(tokens.token(iss="https://evil.example.com"), id="issuer"),
        pytest.param(tokens.token(iss=None), id="no issuer"),
        pytest.param(tokens.token(azp="https://evil.example.com"), id="party"),
        pytest.param(tokens.token(azp=None), id="no party"),
        pytest.param(tokens.token(azp=""), id="empty party"),
    ],
)
async def test_what_is_configured_is_enforced(token: str) -> None:
    """Issuer and authorized parties count where the operator has given them."""
    assert await reason(STRICT, token) == "SESSION_INVALID"
    assert await LAX.verify(token) == "user_1"


async def test_an_expired_token_is_told_apart() -> None:
    """Its owner only needs a new one, and clients can know that."""
    assert await reason(LAX, tokens.token(exp=NOW - 60)) == "SESSION_EXPIRED"


async def test_an_expired_token_of_another_key_is_invalid() -> None:
    """Nothing is told about a token whose signature is wrong."""
    token = tokens.token(tokens.OTHER, exp=NOW - 60)

    assert await reason(LAX, token) == "SESSION_INVALID"


async def test_clocks_may_differ_a_little() -> None:
    """A few seconds either way are forgiven, half a minute is not."""
    now = int(time.time())
    assert await LAX.verify(tokens.token(exp=now - 2)) == "user_1"
    assert await LAX.verify(tokens.token(nbf=now + 3, iat=now + 3)) == "user_1"
    assert await reason(LAX, tokens.token(exp=now - 30)) == "SESSION_EXPIRED"


async def test_an_oversized_token_is_not_parsed() -> None:
    """More than 8 KiB is refused, though the signature is right."""
    assert await LAX.verify(tokens.token(o="x" * 4000)) == "user_1"
    big = tokens.token(o="x" * SIZE_MAX)

    assert await reason(LAX, big) == "SESSION_INVALID"


async def test_a_pending_session_is_refused() -> None:
    """Whoever hasn't finished signing in is not signed in."""
    assert await reason(LAX, tokens.token(sts="pending")) == "SESSION_PENDING"
