"""Callers with identities that a key of the test signed, as auth would."""

import secrets

import grpc.aio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.rpc import error_details_pb2, status_pb2

from ignis.events import identity_keys
from ignis.events.connection import Nats
from ignis.server.identity import IDENTITY_HEADER, CredentialKind, Identity, IdentitySigner
from ignis.server.ids import new_id

Metadata = tuple[tuple[str, str], ...]


async def trusted_signer(connected: Nats) -> IdentitySigner:
    """A signer whom every service believes."""
    private, key_id = Ed25519PrivateKey.generate(), f"testkey{secrets.token_hex(4)}"
    await identity_keys.publish(connected, key_id, private.public_key())
    return IdentitySigner(key_id, private)


def metadata(signer: IdentitySigner, user: str, nonce: str = "") -> Metadata:
    """What the gateway would send for a user's request."""
    who = Identity(user, CredentialKind.SESSION, frozenset(), nonce or new_id())
    return ((IDENTITY_HEADER, signer.sign(who)),)


def told(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    """The status that an error carries."""
    trailers = dict(error.trailing_metadata())
    return status_pb2.Status.FromString(trailers["grpc-status-details-bin"])


def reason(error: grpc.aio.AioRpcError) -> str:
    """The reason of an error: its first detail."""
    info = error_details_pb2.ErrorInfo()
    assert told(error).details[0].Unpack(info)
    return str(info.reason)
