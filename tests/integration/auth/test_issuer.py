"""An issuer whose keys are fetched over HTTP, as Clerk's are."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.integration.auth import process
from tests.servers import Server
from tests.unit.auth import tokens

from ignis.auth import jwks
from ignis.local.postgres import Database

SECRET = "sk_test_planted"


class Issuer:
    """What the stub answers, and what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.location = ""
        self.body = json.dumps({"keys": [tokens.jwk()]}).encode()
        self.asked: list[tuple[str, str]] = []  # path and Authorization
        self.url = ""


@contextmanager
def serving() -> Iterator[Issuer]:
    """An issuer on a port of its own."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append((self.path, self.headers.get("Authorization", "")))
            self.send_response(issuer.status)
            if issuer.location:
                self.send_header("Location", issuer.location)
            self.end_headers()
            self.wfile.write(issuer.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    issuer.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(name="issuer")
def issuer_fixture() -> Iterator[Issuer]:
    """An issuer with one key."""
    with serving() as issuer:
        yield issuer


def test_keys_are_fetched_with_the_secret(issuer: Issuer) -> None:
    """One GET of /jwks, with the secret as a Bearer token."""
    assert jwks.fetcher(f"{issuer.url}/", SECRET)() == {"keys": [tokens.jwk()]}
    assert issuer.asked == [("/v1/jwks", f"Bearer {SECRET}")]


def test_the_secret_does_not_follow_redirects(issuer: Issuer) -> None:
    """A redirect is a failure: the secret goes to the configured host alone."""
    with serving() as other:
        issuer.status, issuer.location = 302, f"{other.url}/jwks"
        with pytest.raises(OSError, match="302"):
            jwks.fetcher(issuer.url, SECRET)()
        assert other.asked == []


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"keys"', b"\xff", b"[" * 100_000])
def test_what_is_no_jwks_is_an_error(issuer: Issuer, body: bytes) -> None:
    """It is an error that the cache expects."""
    issuer.body = body
    with pytest.raises((ValueError, RecursionError)):
        jwks.fetcher(issuer.url, SECRET)()


@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_issuer_that_refuses_is_an_error(issuer: Issuer, status: int) -> None:
    """Also when the body looks right."""
    issuer.status = status
    with pytest.raises(OSError, match=str(status)):
        jwks.fetcher(issuer.url, SECRET)()


async def test_sessions_are_verified_with_fetched_keys(
    issuer: Issuer, postgres: Database, nats: Server, valkey: Server, tmp_path: Path
) -> None:
    """By key id, with few fetches, and without the secret in the log."""
    variables = process.shared(postgres, nats, valkey) | {
        "CLERK_JWT_KEY": "",
        "CLERK_SECRET_KEY": SECRET,
        "CLERK_API_URL": issuer.url,
        "CLERK_ISSUER": tokens.ISSUER,
        "CLERK_AUTHORIZED_PARTIES": "https://app.example.com",
    }
    with process.service(variables, tmp_path) as running:
        async with process.client(running) as client:
            for _ in range(5):
                assert await client.reason(bearer=tokens.token()) == ""
            for number in range(20):
                unknown = tokens.token(tokens.OTHER, {"kid": f"unknown-{number}"})
                assert await client.reason(bearer=unknown) == "SESSION_INVALID"
            assert await client.reason(bearer=tokens.token(azp=None)) == "SESSION_INVALID"
            assert await client.reason(bearer=tokens.token(iss="x")) == "SESSION_INVALID"
        assert 1 <= len(issuer.asked) <= 2
        assert SECRET not in running.log.read_text()


async def test_an_issuer_that_is_away_is_a_503(
    issuer: Issuer, postgres: Database, nats: Server, valkey: Server, tmp_path: Path
) -> None:
    """Nobody can tell who signed, so nobody is told that the session is bad; keys still work."""
    issuer.status = 500
    variables = process.shared(postgres, nats, valkey) | {
        "CLERK_JWT_KEY": "",
        "CLERK_SECRET_KEY": SECRET,
        "CLERK_API_URL": issuer.url,
    }
    with process.service(variables, tmp_path) as running:
        async with process.client(running) as client:
            answer = await client.check(bearer=tokens.token())
            assert answer.denied_response.status.code == 503
            assert await client.reason(bearer=tokens.token()) == "SESSION_KEYS_UNAVAILABLE"
            assert await client.reason() == "CREDENTIAL_MISSING"
