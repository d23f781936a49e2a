"""A service of the tests' own: WebhookService, answering whatever a test wants."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from google.rpc import error_details_pb2, status_pb2

from ignis.server.identity import CredentialKind, Identity, IdentitySigner
from ignis.v1 import webhook_pb2 as pb
from ignis.v1.webhook_pb2_grpc import WebhookServiceServicer

Behaviour = Callable[[], Awaitable[None]]

PRIVATE = Ed25519PrivateKey.generate()
SIGNER = IdentitySigner("a", PRIVATE)


class Keys:
    """The test's own key."""

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """Find it."""
        return PRIVATE.public_key() if key_id == "a" else None


async def nothing() -> None:
    """Do nothing, and so succeed."""


class Servicer(WebhookServiceServicer):
    """Does what the test says, then answers with as little as there can be."""

    def __init__(self, behaviour: Behaviour = nothing) -> None:
        self.behaviour = behaviour

    async def CreateWebhook(  # noqa: N802 - gRPC names it
        self, _request: object, _context: object
    ) -> pb.CreateWebhookResponse:
        """Behave."""
        await self.behaviour()
        return pb.CreateWebhookResponse()

    async def ListWebhooks(  # noqa: N802 - gRPC names it
        self, _request: object, _context: object
    ) -> pb.ListWebhooksResponse:
        """Behave."""
        await self.behaviour()
        return pb.ListWebhooksResponse()

    async def GetWebhook(  # noqa: N802 - gRPC names it
        self, _request: object, _context: object
    ) -> pb.GetWebhookResponse:
        """Behave."""
        await self.behaviour()
        return pb.GetWebhookResponse()

    async def UpdateWebhook(  # noqa: N802 - gRPC names it
        self, _request: object, _context: object
    ) -> pb.UpdateWebhookResponse:
        """Behave."""
        await self.behaviour()
        return pb.UpdateWebhookResponse()

    async def DeleteWebhook(  # noqa: N802 - gRPC names it
        self, _request: object, _context: object
    ) -> pb.DeleteWebhookResponse:
        """Behave."""
        await self.behaviour()
        return pb.DeleteWebhookResponse()


class StreamServicer(grpc.GenericRpcHandler):
    """`/test.Stream/Numbers` answers 1 and 2, then behaves; unknown to the contract."""

    def __init__(self, behaviour: Behaviour = nothing) -> None:
        self.behaviour = behaviour

    async def _numbers(self, _request: bytes, _context: object) -> AsyncIterator[bytes]:
        yield b"1"
        yield b"2"
        await self.behaviour()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:  # noqa: ANN401 - gRPC's own
        """Find the handler."""
        if handler_call_details.method == "/test.Stream/Numbers":
            return grpc.unary_stream_rpc_method_handler(self._numbers)
        return None


def credentials(user: str = "user_1", **more: str) -> tuple[tuple[str, str], ...]:
    """Metadata of a caller."""
    who = Identity(user, CredentialKind.SESSION, frozenset(), secrets.token_hex(4))
    return (("x-ignis-identity", SIGNER.sign(who)), *more.items())


def told(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    """The status that an error carries."""
    return status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])


def reason(error: grpc.aio.AioRpcError) -> str:
    """The reason of an error: its first detail is always the ErrorInfo."""
    info = error_details_pb2.ErrorInfo()
    assert told(error).details[0].Unpack(info)
    return str(info.reason)


@asynccontextmanager
async def serving(server: grpc.aio.Server) -> AsyncIterator[grpc.aio.Channel]:
    """Start a server on a free port, and yield a channel to it."""
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)
