"""The public keys that identities are verified with, in a key-value bucket."""

import asyncio
import time
from contextlib import suppress

import nats.errors
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nats.js.errors import KeyNotFoundError

from ignis.errors import Unavailable
from ignis.events import subjects
from ignis.events.connection import Nats
from ignis.events.streams import bucket

RENEW_EVERY = 60.0  # seconds; a NATS that lost its data has the keys again after it
REMEMBER_MISS = 1.0  # seconds in which an unknown id is not asked for again
MAX_MISSES = 1000  # ids remembered as unknown


class IdentityKeys:
    """Finds public keys by id, asking the bucket once for each."""

    def __init__(self, connection: Nats) -> None:
        self._nats = connection
        self._found: dict[str, Ed25519PublicKey] = {}
        self._missed: dict[str, float] = {}

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """Find a key, or None when there is none of that id.

        Raises:
            Unavailable: the bucket did not answer.
        """
        if (key := self._found.get(key_id)) is not None:
            return key
        if not (key_id.isascii() and key_id.isalnum()):
            return None
        if self._missed.get(key_id, 0) > time.monotonic():
            return None
        return await self._ask(key_id)

    async def _ask(self, key_id: str) -> Ed25519PublicKey | None:
        try:
            store = await bucket(self._nats, subjects.IDENTITY_KEYS_BUCKET)
            entry = await store.get(key_id)
        except KeyNotFoundError:
            if len(self._missed) >= MAX_MISSES:
                self._missed.clear()
            self._missed[key_id] = time.monotonic() + REMEMBER_MISS
            return None
        except nats.errors.Error as error:
            raise Unavailable(
                "IDENTITY_KEYS_UNAVAILABLE", "Callers can't be verified for now; try again."
            ) from error
        key = Ed25519PublicKey.from_public_bytes(entry.value or b"")
        self._found[key_id] = key
        return key


async def publish(connection: Nats, key_id: str, key: Ed25519PublicKey) -> None:
    """Put the auth service's public key where the others find it."""
    store = await bucket(connection, subjects.IDENTITY_KEYS_BUCKET)
    await store.put(key_id, key.public_bytes(Encoding.Raw, PublicFormat.Raw))


async def keep_published(connection: Nats, key_id: str, key: Ed25519PublicKey) -> None:
    """Publish the key again for ever, before the bucket forgets it."""
    while True:
        await asyncio.sleep(RENEW_EVERY)
        with suppress(nats.errors.Error):
            await publish(connection, key_id, key)
