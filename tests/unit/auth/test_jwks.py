"""The issuer's keys: fetched, cached, and asked for again with restraint."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.auth import tokens
from tests.unit.auth.memory import Clock, metrics

from ignis.auth.jwks import FETCH_EVERY, MAX_AGE, Jwks
from ignis.errors import Unavailable


class Issuer:
    """An issuer that counts who asks it."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.document: object = {"keys": list(keys)}
        self.error: Exception | None = None
        self.asked = 0

    def fetch(self) -> dict[str, Any]:
        """Answer, or fail."""
        self.asked += 1
        if self.error is not None:
            raise self.error
        assert isinstance(self.document, dict)
        return self.document


def cache(fetch: Callable[[], dict[str, Any]], clock: Clock) -> Jwks:
    """A cache in front of an issuer."""
    return Jwks(fetch, metrics(), clock)


async def test_a_key_is_fetched_once() -> None:
    """The first look-up asks, the others don't."""
    issuer, clock = Issuer(tokens.jwk()), Clock()
    keys = cache(issuer.fetch, clock)

    for _ in range(3):
        found = await keys.find(tokens.KEY_ID)
        assert found is not None
        assert found.public_numbers() == tokens.KEY.public_key().public_numbers()
    assert issuer.asked == 1


async def test_callers_at_once_share_a_fetch() -> None:
    """A hundred requests that need the first key ask the issuer once."""
    issuer = Issuer(tokens.jwk())
    keys = cache(issuer.fetch, Clock())

    found = await asyncio.gather(*(keys.find(tokens.KEY_ID) for _ in range(100)))
    assert None not in found
    assert issuer.asked == 1


async def test_an_unknown_id_asks_again_with_restraint() -> None:
    """A flood of unknown ids asks once in a few seconds, and finds a new key then."""
    issuer, clock = Issuer(tokens.jwk()), Clock()
    keys = cache(issuer.fetch, clock)
    await keys.find(tokens.KEY_ID)
    clock.seconds += FETCH_EVERY
    for n in range(100):
        assert await keys.find(f"unknown {n}") is None
    assert issuer.asked == 2

    issuer.document = {"keys": [tokens.jwk(), tokens.jwk(tokens.OTHER, "ins_2")]}
    assert await keys.find("ins_2") is None
    clock.seconds += FETCH_EVERY
    assert await keys.find("ins_2") is not None
    assert issuer.asked == 3


async def test_old_keys_are_fetched_again_and_may_be_gone() -> None:
    """After some minutes a key that its issuer has withdrawn is not believed any more."""
    issuer, clock = Issuer(tokens.jwk()), Clock()
    keys = cache(issuer.fetch, clock)
    await keys.find(tokens.KEY_ID)
    issuer.document = {"keys": [tokens.jwk(tokens.OTHER, "ins_2")]}
    clock.seconds += MAX_AGE + 1
    await keys.find(tokens.KEY_ID)  # this one does not wait
    assert await keys.find("ins_2") is not None
    assert await keys.find(tokens.KEY_ID) is None


async def test_known_keys_stay_good_while_the_issuer_is_away() -> None:
    """An issuer that fails stops nobody whose key is known."""
    issuer, clock = Issuer(tokens.jwk()), Clock()
    keys = cache(issuer.fetch, clock)
    await keys.find(tokens.KEY_ID)
    issuer.error = OSError("away")
    for _ in range(5):
        clock.seconds += MAX_AGE + 1
        assert await keys.find(tokens.KEY_ID) is not None


@pytest.mark.parametrize("error", [OSError("away"), TimeoutError(), ValueError("no JSON")])
async def test_an_unknown_key_is_unavailable_while_the_issuer_is_away(error: Exception) -> None:
    """Nobody can tell whether the token is good, so nobody says that it is bad."""
    issuer, clock = Issuer(tokens.jwk()), Clock()
    issuer.error = error
    keys = cache(issuer.fetch, clock)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await keys.find(tokens.KEY_ID)
    assert issuer.asked == 1

    issuer.error = None
    clock.seconds += FETCH_EVERY
    assert await keys.find(tokens.KEY_ID) is not None


@pytest.mark.parametrize(
    "entry",
    [
        "text",
        {},
        {"kid": tokens.KEY_ID},
        {"kid": tokens.KEY_ID, "kty": "oct", "k": "c2VjcmV0"},
        {"kid": tokens.KEY_ID, "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {**tokens.jwk(), "n": "AQAB"},
        tokens.jwk(tokens.new_key(1024)),
    ],
    ids=["text", "empty", "no type", "symmetric", "elliptic", "broken", "short"],
)
async def test_other_keys_are_passed_over(entry: object) -> None:
    """What is no RSA key of 2048 bits is not used, and does no harm to its neighbours."""
    issuer = Issuer()
    issuer.document = {"keys": [entry, tokens.jwk(tokens.OTHER, "ins_2")]}
    keys = cache(issuer.fetch, Clock())

    assert await keys.find("ins_2") is not None
    assert await keys.find(tokens.KEY_ID) is None


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": []}])
async def test_a_document_without_keys_has_none(document: dict[str, Any]) -> None:
    """It is no failure of the fetch, only nothing to verify with."""
    issuer = Issuer()
    issuer.document = document

    assert await cache(issuer.fetch, Clock()).find(tokens.KEY_ID) is None


async def test_a_caller_that_leaves_does_not_stop_the_fetch() -> None:
    """The gateway may give up on one request; the next finds the keys."""
    issuer, answer = Issuer(tokens.jwk()), threading.Event()

    def slowly() -> dict[str, Any]:
        assert answer.wait(10)
        return issuer.fetch()

    keys = cache(slowly, Clock())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(keys.find(tokens.KEY_ID), 0.01)
    answer.set()

    assert await keys.find(tokens.KEY_ID) is not None
    assert issuer.asked == 1


async def test_keys_can_be_fetched_ahead() -> None:
    """A service that starts needn't wait for its first session."""
    issuer = Issuer(tokens.jwk())
    keys = cache(issuer.fetch, Clock())
    keys.prefetch()
    await keys.find(tokens.KEY_ID)

    assert issuer.asked == 1
