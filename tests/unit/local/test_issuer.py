"""The stack's own issuer makes tokens as Clerk does."""

import time
from pathlib import Path

import jwt
import pytest

from ignis.local.issuer import ISSUER, Issuer


@pytest.fixture(scope="module", name="issuer")
def _issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer.kept(tmp_path_factory.mktemp("issuer") / "issuer.pem")


def test_a_token_verifies_with_the_public_key(issuer: Issuer) -> None:
    """Whoever has the public key can verify a token, its issuer and its times."""
    claims = jwt.decode(
        issuer.token("http://localhost:8080"), issuer.public_key, ["RS256"], issuer=ISSUER
    )

    assert issuer.user == claims["sub"]
    assert claims["sub"].startswith("user_")
    assert claims["sid"].startswith("sess_")
    assert claims["azp"] == "http://localhost:8080"
    assert (claims["v"], claims["sts"], claims["fva"]) == (2, "active", [0, -1])
    assert claims["exp"] > time.time() + 300 * 24 * 3600
    assert {"azp", "exp", "fva", "iat", "iss", "jti", "nbf", "sid", "sts", "sub", "v"} == set(
        claims
    )


def test_a_token_names_its_algorithm_and_key(issuer: Issuer) -> None:
    """The header is Clerk's: RS256, and the id of the key."""
    header = jwt.get_unverified_header(issuer.token("http://localhost:8080"))

    assert header["alg"] == "RS256"
    assert header["kid"].startswith("ins_")


def test_no_other_key_verifies_a_token(issuer: Issuer, tmp_path: Path) -> None:
    """Another stack's issuer is another issuer."""
    other = Issuer.kept(tmp_path / "issuer.pem")

    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(issuer.token("http://localhost:8080"), other.public_key, ["RS256"])


def test_the_key_is_kept_and_private(tmp_path: Path) -> None:
    """A second start has the same user, and nobody else can read the key."""
    path = tmp_path / "issuer.pem"

    first, second = Issuer.kept(path), Issuer.kept(path)

    assert (first.user, first.public_key) == (second.user, second.public_key)
    assert path.stat().st_mode & 0o777 == 0o600
