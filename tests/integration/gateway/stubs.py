"""Services that stand behind the gateway in these tests and answer as they are told."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from envoy.service.auth.v3 import external_auth_pb2
from google.protobuf import any_pb2, message_factory
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from ignis.v1 import auth_pb2, job_pb2, webhook_pb2

auth_v3: Any = external_auth_pb2  # made at run time, without stubs
IDENTITY = "signed-by-the-stub"
_CHECK = "/envoy.service.auth.v3.Authorization/Check"
_SERVICES = [
    file.DESCRIPTOR.services_by_name[name]
    for file, name in (
        (auth_pb2, "AuthService"),
        (job_pb2, "JobService"),
        (webhook_pb2, "WebhookService"),
    )
]
_METHODS = {
    f"/{service.full_name}/{method.name}": method
    for service in _SERVICES
    for method in service.methods
}
_HEALTH = {
    True: health_pb2.HealthCheckResponse.SERVING,
    False: health_pb2.HealthCheckResponse.NOT_SERVING,
}

Context = grpc.aio.ServicerContext[Any, Any]
Handler = Any  # grpc.RpcMethodHandler, which is generic for the type checker alone
Behaviour = Callable[[Any, Context], Awaitable[Any]]


@dataclass(frozen=True)
class Call:
    """One call that reached a stub: which server, which RPC, and with what."""

    server: str
    path: str
    request: Any
    metadata: dict[str, str]


@dataclass
class Stubs:
    """What the stubs do, and what they saw. A test sets `on` and reads `calls`."""

    ports: dict[str, int] = field(default_factory=dict)
    on: dict[str, Behaviour] = field(default_factory=dict)
    check: Callable[[Any], Any] = field(default_factory=lambda: allow)
    calls: list[Call] = field(default_factory=list)
    checks: list[Any] = field(default_factory=list)

    def reset(self) -> None:
        """Forget what the test before set and saw."""
        self.on.clear()
        self.calls.clear()
        self.checks.clear()
        self.check = allow


def allow(_request: object) -> Any:  # noqa: ANN401 - xds-protos has no types
    """Let a request in as the stub's user."""
    return auth_v3.CheckResponse(
        status=status_pb2.Status(code=0),
        ok_response={
            "headers": [{"header": {"key": "x-ignis-identity", "value": IDENTITY}}],
            "response_headers_to_add": [
                {"header": {"key": "x-ratelimit-remaining", "value": "99"}},
            ],
        },
    )


def deny(status: int, reason: str, message: str, **headers: str) -> Any:  # noqa: ANN401 - as above
    """Turn a request away as the auth service does."""
    named = {
        "x-ignis-reason": reason,
        "content-type": "text/plain; charset=utf-8",
        "www-authenticate": 'Bearer realm="ignis"',
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    return auth_v3.CheckResponse(
        status=status_pb2.Status(code=16),
        denied_response={
            "status": {"code": status},
            "headers": [
                {
                    "header": {"key": k, "value": v},
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }
                for k, v in named.items()
            ],
            "body": message,
        },
    )


def answer(message: Message, http_status: int | None = None) -> Behaviour:
    """Return a behaviour that answers `message`, with the status of its success."""

    async def behave(_request: object, context: Context) -> Message:
        if http_status:
            await context.send_initial_metadata((("x-ignis-http-status", str(http_status)),))
        return message

    return behave


def fail(
    code: grpc.StatusCode, message: str, reason: str | None = None, *more: Message
) -> Behaviour:
    """Return a behaviour that aborts as the services do: ErrorInfo first, then `more`."""

    async def behave(_request: object, context: Context) -> None:
        details = [_packed(each) for each in more]
        if reason:
            info = error_details_pb2.ErrorInfo(reason=reason, domain="ignis")
            details.insert(0, _packed(info))
        if details:
            status = status_pb2.Status(code=code.value[0], message=message, details=details)
            context.set_trailing_metadata(
                (("grpc-status-details-bin", status.SerializeToString()),)
            )
        await context.abort(code, message)

    return behave


@asynccontextmanager
async def serve(stubs: Stubs, name: str, *, healthy: bool = True) -> AsyncIterator[None]:
    """Run the stub of one service (`auth`, `job` or `webhook`) on a free port."""
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 16 << 20)])
    server.add_generic_rpc_handlers((_Handler(stubs, name),))
    servicer = HealthServicer()
    for service in ("", *(each.full_name for each in _SERVICES)):
        await servicer.set(service, _HEALTH[healthy])
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    reflection.enable_server_reflection(["ignis.v1.JobService"], server)
    stubs.ports[name] = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


class _Handler(grpc.GenericRpcHandler):
    """Answers every RPC of the contract, and ext_authz, as the stubs are told."""

    def __init__(self, stubs: Stubs, server: str) -> None:
        self._stubs = stubs
        self._server = server

    def service(self, details: grpc.HandlerCallDetails) -> Handler | None:
        if details.method == _CHECK:
            return grpc.unary_unary_rpc_method_handler(
                self._check,
                auth_v3.CheckRequest.FromString,
                auth_v3.CheckResponse.SerializeToString,
            )
        method = _METHODS.get(details.method or "")
        if not method:
            return None
        request_class = message_factory.GetMessageClass(method.input_type)
        answer_class = message_factory.GetMessageClass(method.output_type)

        async def behave(request: Message, context: Context) -> object:
            metadata = {key: str(value) for key, value in context.invocation_metadata() or ()}
            self._stubs.calls.append(Call(self._server, details.method, request, metadata))
            behaviour = self._stubs.on.get(method.name, answer(answer_class()))
            return await behaviour(request, context)

        return grpc.unary_unary_rpc_method_handler(
            behave,
            request_class.FromString,
            lambda answered: (
                answered if isinstance(answered, bytes) else answered.SerializeToString()
            ),
        )

    async def _check(self, request: object, _context: Context) -> object:
        self._stubs.checks.append(request)
        decided = self._stubs.check(request)
        return await decided if inspect.isawaitable(decided) else decided


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
