"""What happens around every RPC, in one fixed order.

1. The request gets its id, so that all that follows can name it.
2. It is measured and logged, also when what follows refuses it.
3. Errors become statuses: the only place that aborts an RPC.
4. The caller's identity is verified, where the contract asks for one.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from ignis.errors import IgnisError, Internal, InvalidArgument, Unauthenticated
from ignis.server import rpcs
from ignis.server.context import (
    REQUEST_ID_HEADER,
    current_identity_or_none,
    new_request_id,
    request_id,
    set_identity,
)
from ignis.server.identity import IDENTITY_HEADER, IdentityVerifier
from ignis.server.logs import get_logger
from ignis.server.metrics import Metrics
from ignis.server.status import DETAILS_HEADER, to_status

log = get_logger()

Context = grpc.aio.ServicerContext[Any, Any]
# In quotes: the class takes no parameters at run time.
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler]]
QUIET = ("/grpc.health.", "/grpc.reflection.")  # asked all the time, and nobody's news


class AroundEveryRpc(grpc.aio.ServerInterceptor):
    """Request id, logs, metrics, errors and identity, for unary and streamed answers."""

    def __init__(self, metrics: Metrics, verifier: IdentityVerifier | None) -> None:
        self._metrics = metrics
        self._verifier = verifier

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler:
        """Wrap the handler of the RPC that is called."""
        handler = await continuation(handler_call_details)
        path = handler_call_details.method
        if handler is None or path.startswith(QUIET):
            return handler
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._unary(path, handler.unary_unary),
                _deserializer(handler.request_deserializer),
                handler.response_serializer,
            )
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(path, handler.unary_stream),
                _deserializer(handler.request_deserializer),
                handler.response_serializer,
            )
        raise TypeError(f"{path}: streams of requests are not served")

    def _unary(self, path: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        async def answer(request: object, context: Context) -> object:
            answered: object = None
            with _Measured(self._metrics, path, context):
                try:
                    await self._begin(path, context)
                    answered = await inner(_readable(request), context)
                    await _send_success_status(path, context)
                except Exception as error:  # noqa: BLE001 - the border: nothing may pass it
                    await self._abort(path, error, context)
            return answered

        return answer

    def _stream(self, path: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        async def answer(request: object, context: Context) -> AsyncIterator[object]:
            with _Measured(self._metrics, path, context):
                try:
                    await self._begin(path, context)
                    async for answered in inner(_readable(request), context):
                        yield answered
                except Exception as error:  # noqa: BLE001 - the border: nothing may pass it
                    await self._abort(path, error, context)

        return answer

    async def _begin(self, path: str, context: Context) -> None:
        metadata = dict(context.invocation_metadata() or ())
        request_id.set(str(metadata.get(REQUEST_ID_HEADER, "")) or new_request_id())
        set_identity(None)
        rpc = rpcs.find(path)
        if rpc is None or rpc.open or rpc.internal:
            return
        if self._verifier is None:
            raise Internal("IDENTITY_UNVERIFIABLE", "This service knows no callers.")
        token = metadata.get(IDENTITY_HEADER)
        if not isinstance(token, str):
            raise Unauthenticated("IDENTITY_MISSING", "Send the request through the gateway.")
        set_identity(await self._verifier.verify(token))

    async def _abort(self, path: str, error: Exception, context: Context) -> None:
        if isinstance(error, grpc.aio.AbortError):
            raise error
        if not isinstance(error, IgnisError):
            self._metrics.errors.labels(path).inc()
            log.error("unexpected error", method=path, exc_info=error)
            error = Internal("INTERNAL", "Something went wrong inside Ignis; try again.")
        status = to_status(error)
        await context.abort(
            grpc.StatusCode[error.code.value],
            status.message,
            ((DETAILS_HEADER, status.SerializeToString()),),
        )


def _deserializer(deserialize: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    """Let bytes that are no request pass as the error that they are.

    gRPC would answer UNKNOWN by itself; here the RPC answers what is wrong.
    """
    if deserialize is None:
        return None

    def read(data: bytes) -> object:
        try:
            return deserialize(data)
        except DecodeError as error:
            return error

    return read


def _readable(request: object) -> object:
    if isinstance(request, DecodeError):
        raise InvalidArgument(
            "REQUEST_UNREADABLE",
            "The request is no message of this RPC, or holds text that is not valid UTF-8.",
        )
    return request


class _Measured:
    """Counts, times and logs one RPC."""

    def __init__(self, metrics: Metrics, path: str, context: Context) -> None:
        self._metrics = metrics
        self._path = path
        self._context = context
        self._began = time.perf_counter()

    def __enter__(self) -> None:
        """The clock already runs."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        seconds = time.perf_counter() - self._began
        code = _code(self._context, cancelled=kind is not None)
        self._metrics.requests.labels(self._path, code).inc()
        self._metrics.request_seconds.labels(self._path).observe(seconds)
        caller = current_identity_or_none()
        log.info(
            "rpc",
            method=self._path,
            code=code,
            ms=round(seconds * 1000, 2),
            user=caller.user if caller else None,
        )


_CODE_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


def _code(context: Context, *, cancelled: bool) -> str:
    code: object = context.code()  # a member after an abort, else a number, whatever its type says
    if isinstance(code, grpc.StatusCode):
        return code.name
    if isinstance(code, int) and code:
        return _CODE_NAMES.get(code, "UNKNOWN")
    return "CANCELLED" if cancelled else "OK"


async def _send_success_status(path: str, context: Context) -> None:
    rpc = rpcs.find(path)
    if rpc is not None and rpc.success_status != rpcs.HTTP_OK:
        await context.send_initial_metadata(((rpcs.HTTP_STATUS_HEADER, str(rpc.success_status)),))
