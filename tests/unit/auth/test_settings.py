"""What the auth service refuses to start with."""

import os

import pytest
from tests.unit.auth import tokens

from ignis.auth.settings import AuthSettings
from ignis.server.settings import load

ED25519 = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----"""


@pytest.fixture(name="environment", autouse=True)
def environment_fixture(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An empty environment."""
    for name in os.environ:
        monkeypatch.delenv(name)
    return monkeypatch


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    """What is told by a service that doesn't start."""
    with pytest.raises(SystemExit) as exit_:
        load(AuthSettings)
    assert exit_.value.code == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    return told


def test_production_needs_an_issuer(capsys: pytest.CaptureFixture[str]) -> None:
    """Without any of Clerk's keys the service does not start, and says what to set."""
    told = refusal(capsys)

    assert "CLERK_SECRET_KEY" in told
    assert "CLERK_JWT_KEY" in told


def test_empty_is_as_good_as_missing(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A variable that is set to nothing sets nothing."""
    environment.setenv("CLERK_SECRET_KEY", "")
    environment.setenv("CLERK_JWT_KEY", "")

    assert "CLERK_SECRET_KEY" in refusal(capsys)


def test_development_names_make_run(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A developer who starts the service by hand learns what makes an issuer."""
    environment.setenv("APP_ENV", "development")

    assert "make run" in refusal(capsys)


@pytest.mark.parametrize(
    "pem",
    [
        "no PEM",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        ED25519,
        tokens.pem(tokens.new_key(1024)),
    ],
    ids=["text", "broken", "elliptic", "short"],
)
def test_a_wrong_key_is_refused(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pem: str
) -> None:
    """A PEM that is no RSA public key of 2048 bits stops the start."""
    environment.setenv("CLERK_JWT_KEY", pem)

    assert refusal(capsys).startswith("ignis: CLERK_JWT_KEY: is not an RSA public key in PEM")


@pytest.mark.parametrize(
    "written", [tokens.pem(), tokens.pem().replace("\n", "\\n")], ids=["lines", "one line"]
)
def test_a_key_may_stand_on_one_line(environment: pytest.MonkeyPatch, written: str) -> None:
    """A file of environment variables has no line ends inside of values."""
    environment.setenv("CLERK_JWT_KEY", written)

    assert load(AuthSettings).clerk_jwt_key == tokens.pem().strip()


def test_a_secret_key_is_enough_and_stays_secret(environment: pytest.MonkeyPatch) -> None:
    """It never shows when settings are printed."""
    environment.setenv("CLERK_SECRET_KEY", "sk_test_abc")
    settings = load(AuthSettings)

    assert "sk_test_abc" not in repr(settings)
    assert settings.clerk_secret_key.get_secret_value() == "sk_test_abc"


def test_parties_are_a_list(environment: pytest.MonkeyPatch) -> None:
    """Commas part them, and spaces around them don't count."""
    environment.setenv("CLERK_SECRET_KEY", "sk_test_abc")
    environment.setenv("CLERK_AUTHORIZED_PARTIES", "https://a.example.com, https://b.example.com,")

    assert load(AuthSettings).authorized_parties == {
        "https://a.example.com",
        "https://b.example.com",
    }


def test_no_parties_is_an_empty_list(environment: pytest.MonkeyPatch) -> None:
    """Then any will do."""
    environment.setenv("CLERK_SECRET_KEY", "sk_test_abc")

    assert load(AuthSettings).authorized_parties == frozenset()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RATE_LIMIT_DEFAULT", "0"),
        ("RATE_LIMIT_MAX", "1000001"),
        ("RATE_LIMIT_MAX", "50"),  # below the default
        ("CLERK_API_URL", "file:///etc/passwd"),
    ],
)
def test_wrong_values_are_refused(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    """A value that makes no sense is named."""
    environment.setenv("CLERK_SECRET_KEY", "sk_test_abc")
    environment.setenv(name, value)

    assert name in refusal(capsys)
