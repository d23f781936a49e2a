"""The public keys that identities are verified with."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.integration import restartable
from tests.waiting import until

from ignis.errors import Unauthenticated, Unavailable
from ignis.events import connection, identity_keys, streams, subjects
from ignis.events.connection import Nats
from ignis.events.identity_keys import IdentityKeys
from ignis.server.identity import (
    CredentialKind,
    Identity,
    IdentitySigner,
    IdentityVerifier,
)

WHO = Identity("user_1", CredentialKind.API_KEY, frozenset({"jobs:read"}), "n1", "key1")


def raw(key: Ed25519PublicKey | None) -> bytes:
    """The bytes of a key."""
    assert key is not None
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


async def test_a_published_key_is_found(connected: Nats) -> None:
    """What auth publishes, the others find, and verify with."""
    private = Ed25519PrivateKey.generate()
    await identity_keys.publish(connected, "key1", private.public_key())
    keys = IdentityKeys(connected)

    assert raw(private.public_key()) == raw(await keys.find("key1"))
    token = IdentitySigner("key1", private).sign(WHO)
    assert WHO == await IdentityVerifier(keys).verify(token)


async def test_a_key_that_comes_later_is_found_later(
    connected: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A miss is remembered for a moment only."""
    monkeypatch.setattr(identity_keys, "REMEMBER_MISS", 0.05)
    keys = IdentityKeys(connected)
    assert await keys.find("key1") is None
    await identity_keys.publish(connected, "key1", Ed25519PrivateKey.generate().public_key())

    async def is_found() -> bool:
        return await keys.find("key1") is not None

    await until(is_found)


@pytest.mark.parametrize("key_id", ["", ".", "a.b", "a/b", ">", "*", "a b", "schlüssel", "x" * 9])
async def test_an_id_that_nobody_published_is_not_found(connected: Nats, key_id: str) -> None:
    """Whatever a token names, the answer is that there is no such key."""
    assert await IdentityKeys(connected).find(key_id) is None


async def test_nonsense_in_the_bucket_verifies_nobody(connected: Nats) -> None:
    """A value that is no key refuses the caller, and breaks nothing."""
    bucket = await streams.bucket(connected, subjects.IDENTITY_KEYS_BUCKET)
    await bucket.put("key1", b"short")
    token = IdentitySigner("key1", Ed25519PrivateKey.generate()).sign(WHO)
    with pytest.raises(Unauthenticated):
        await IdentityVerifier(IdentityKeys(connected)).verify(token)


async def test_many_unknown_ids_take_no_memory(
    connected: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids that somebody made up are remembered up to a bound."""
    monkeypatch.setattr(identity_keys, "MAX_MISSES", 3)
    keys = IdentityKeys(connected)
    for i in range(10):
        assert await keys.find(f"id{i}") is None

    assert len(keys._missed) <= 3


async def test_known_keys_work_while_nats_is_away(tmp_path: Path) -> None:
    """A key that was found stays; one that wasn't can't be told, which is no refusal."""
    async with (
        restartable.nats_server(tmp_path) as server,
        connection.connect(server.url, "test") as connected,
    ):
        public = Ed25519PrivateKey.generate().public_key()
        await identity_keys.publish(connected, "key1", public)
        keys = IdentityKeys(connected)
        await keys.find("key1")
        connected.jetstream._timeout = 0.3
        await server.stop()
        await until(lambda: not connected.client.is_connected)

        assert raw(public) == raw(await keys.find("key1"))
        with pytest.raises(Unavailable):
            await keys.find("key2")
        await server.start()
        await until(lambda: connected.client.is_connected)
        assert await keys.find("key2") is None
