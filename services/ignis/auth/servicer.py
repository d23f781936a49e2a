"""The key RPCs: protobuf in, protobuf out."""

from typing import Any

import grpc.aio

from ignis.auth import messages
from ignis.auth.service import KeyService
from ignis.server.context import current_identity
from ignis.v1 import auth_pb2, auth_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]


class AuthServicer(auth_pb2_grpc.AuthServiceServicer):
    """AuthService; the caller is who the interceptor has verified."""

    def __init__(self, service: KeyService) -> None:
        self._service = service

    async def CreateApiKey(
        self, request: auth_pb2.CreateApiKeyRequest, _: Context
    ) -> auth_pb2.CreateApiKeyResponse:
        """Make a key and show its secret, this once."""
        caller = current_identity()
        key, secret = await self._service.create(caller.user, messages.draft(request), caller.nonce)
        return auth_pb2.CreateApiKeyResponse(data=messages.key(key, secret))

    async def ListApiKeys(
        self, request: auth_pb2.ListApiKeysRequest, _: Context
    ) -> auth_pb2.ListApiKeysResponse:
        """Show a page of the caller's keys."""
        page = await self._service.page(current_identity().user, request.limit, request.cursor)
        return messages.page(page)

    async def GetApiKey(
        self, request: auth_pb2.GetApiKeyRequest, _: Context
    ) -> auth_pb2.GetApiKeyResponse:
        """Show one key."""
        key = await self._service.get(current_identity().user, request.id)
        return auth_pb2.GetApiKeyResponse(data=messages.key(key))

    async def UpdateApiKey(
        self, request: auth_pb2.UpdateApiKeyRequest, _: Context
    ) -> auth_pb2.UpdateApiKeyResponse:
        """Change one key."""
        key = await self._service.update(
            current_identity().user, request.id, messages.changes(request)
        )
        return auth_pb2.UpdateApiKeyResponse(data=messages.key(key))

    async def DeleteApiKey(
        self, request: auth_pb2.DeleteApiKeyRequest, _: Context
    ) -> auth_pb2.DeleteApiKeyResponse:
        """Remove one key."""
        await self._service.delete(current_identity().user, request.id)
        return auth_pb2.DeleteApiKeyResponse()
