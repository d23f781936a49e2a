"""Which credential a request shows."""

import pytest

from ignis.auth import credentials
from ignis.auth.credentials import Shown
from ignis.server.identity import CredentialKind

KEY = CredentialKind.API_KEY
SESSION = CredentialKind.SESSION


@pytest.mark.parametrize(
    ("api_key", "authorization", "expected"),
    [
        ("ign_a", "", Shown(KEY, "ign_a")),
        ("anything", "", Shown(KEY, "anything")),
        ("", "Bearer ign_a", Shown(KEY, "ign_a")),
        ("", "bearer  ign_a ", Shown(KEY, "ign_a")),
        ("", "Bearer eyJ.a.b", Shown(SESSION, "eyJ.a.b")),
        ("", "Bearer IGN_a", Shown(SESSION, "IGN_a")),
        ("ign_a", "Bearer eyJ.a.b", Shown(KEY, "ign_a")),
        ("ign_a", "Bearer ign_b", Shown(KEY, "ign_a")),
        ("  ", "Bearer eyJ", Shown(SESSION, "eyJ")),
    ],
)
def test_credentials_are_found(api_key: str, authorization: str, expected: Shown) -> None:
    """X-API-Key decides where it is present; a Bearer token with ign_ is a key."""
    assert expected == credentials.read(api_key, authorization)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic dTpw", "ign_a", "eyJ"])
def test_what_is_no_credential_is_none(authorization: str) -> None:
    """Another scheme, or a scheme without a token, shows nothing."""
    assert None is credentials.read("", authorization)


def test_errors_say_what_to_send() -> None:
    """A refusal names the header, for the kinds that this RPC takes."""
    assert "X-API-Key" in credentials.missing(frozenset({KEY})).message
    assert "Authorization" not in credentials.missing(frozenset({KEY})).message
    assert "Authorization: Bearer" in credentials.missing(frozenset({SESSION})).message
    assert credentials.missing(frozenset({KEY})).reason == "CREDENTIAL_MISSING"
    assert credentials.unsuitable(frozenset({KEY})).reason == "CREDENTIAL_UNSUITABLE"
    assert "API key" in credentials.unsuitable(frozenset({KEY})).message


def test_a_secret_does_not_show_in_its_repr() -> None:
    """A credential that gets into a log by accident does not tell its secret."""
    assert "ign_a" not in repr(credentials.read("ign_a", ""))
