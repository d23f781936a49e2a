"""The gateway as gRPC and gRPC-Web callers see it."""

import base64
from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from tests.integration.gateway.stubs import IDENTITY, Context, Stubs, answer, deny, fail

from ignis.v1 import job_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXECUTE = "/ignis.v1.JobService/Execute"
Unary = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
Metadata = Sequence[tuple[str, str]]


async def call(
    channel: grpc.aio.Channel,
    path: str = EXECUTE,
    request: bytes = b"",
    metadata: Metadata = (),
) -> grpc.aio.AioRpcError | bytes:
    """Call an RPC with raw bytes; return the answer's bytes or the error."""
    rpc: Unary = channel.unary_unary(path)
    try:
        answered: bytes = await rpc(request, metadata=grpc.aio.Metadata(*metadata), timeout=10)
    except grpc.aio.AioRpcError as error:
        return error
    return answered


def explained(error: grpc.aio.AioRpcError | bytes) -> tuple[grpc.StatusCode, str, str]:
    """Return an error's code, its reason in the ErrorInfo, and its message."""
    assert isinstance(error, grpc.aio.AioRpcError), error
    metadata = {**dict(error.initial_metadata()), **dict(error.trailing_metadata())}
    assert [name for name in metadata if name.startswith(("x-ignis-", "x-envoy-"))] == []
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    assert (status.code, status.message) == (error.code().value[0], error.details())
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "ignis"
    return error.code(), info.reason, error.details() or ""


async def test_an_rpc_reaches_its_service(channel: grpc.aio.Channel, stubs: Stubs) -> None:
    """A gRPC caller gets the answer, and no trace of HTTP statuses."""
    job = job_pb2.ExecuteResponse(data=job_pb2.Job(job_id="01K"))
    stubs.on["Execute"] = answer(job, 201)
    request = job_pb2.ExecuteRequest(language="go")
    rpc: Unary = channel.unary_unary(EXECUTE)
    calling = rpc(request.SerializeToString())
    assert job == job_pb2.ExecuteResponse.FromString(await calling)
    metadata = dict(await calling.initial_metadata())
    assert [name for name in metadata if name.startswith(("x-ignis-", "x-envoy-"))] == []
    assert metadata["x-request-id"] == stubs.calls[0].metadata["x-request-id"]
    assert stubs.calls[0].metadata["x-ignis-identity"] == IDENTITY
    assert request == stubs.calls[0].request


async def test_errors_of_services_pass_unchanged(channel: grpc.aio.Channel, stubs: Stubs) -> None:
    """Code, message and details of a service's error arrive as they were sent."""
    stubs.on["Execute"] = fail(grpc.StatusCode.NOT_FOUND, 'no "job": é漢', "JOB_UNKNOWN")
    expected = (grpc.StatusCode.NOT_FOUND, "JOB_UNKNOWN", 'no "job": é漢')
    assert expected == explained(await call(channel))


@pytest.mark.parametrize("announced", [False, True])
async def test_an_exception_stays_inside(
    channel: grpc.aio.Channel, stubs: Stubs, announced: bool
) -> None:
    """What an unhandled exception says reaches nobody, in headers or trailers."""

    async def explode(_request: object, context: Context) -> None:
        if announced:
            await context.send_initial_metadata((("x-ignis-http-status", "201"),))
        raise RuntimeError("password=hunter2")

    stubs.on["Execute"] = explode
    error = await call(channel)
    assert isinstance(error, grpc.aio.AioRpcError)
    assert error.code() is grpc.StatusCode.UNKNOWN
    assert (error.details() or "").startswith("Something went wrong inside Ignis")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, grpc.StatusCode.INVALID_ARGUMENT),
        (401, grpc.StatusCode.UNAUTHENTICATED),
        (403, grpc.StatusCode.PERMISSION_DENIED),
        (429, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (503, grpc.StatusCode.UNAVAILABLE),
    ],
)
async def test_a_denial_has_its_grpc_status(
    channel: grpc.aio.Channel, stubs: Stubs, status: int, code: grpc.StatusCode
) -> None:
    """A gRPC caller gets auth's reason and message with the status that fits."""
    message = 'Send a "key": é漢, ' + "please " * 50
    stubs.check = lambda _request: deny(status, "SOME_REASON", message)
    assert (code, "SOME_REASON", message) == explained(await call(channel))
    assert stubs.calls == []


@pytest.mark.parametrize(
    "path",
    [
        "/ignis.v1.JobService/Nothing",
        "/ignis.v1.ExecutorService/Describe",
        "/envoy.service.auth.v3.Authorization/Check",
        "/nowhere",
    ],
)
async def test_an_unknown_rpc_is_unimplemented(
    channel: grpc.aio.Channel, stubs: Stubs, path: str
) -> None:
    """Only the contract's public RPCs lead anywhere."""
    code, reason, _ = explained(await call(channel, path))
    assert (code, reason) == (grpc.StatusCode.UNIMPLEMENTED, "ROUTE_UNKNOWN")
    assert stubs.calls == stubs.checks == []


async def test_a_message_that_is_too_large_is_refused(
    channel: grpc.aio.Channel, stubs: Stubs
) -> None:
    """The limit of 6 MiB holds for gRPC too."""
    request = job_pb2.ExecuteRequest(code="x" * (7 << 20)).SerializeToString()
    code, reason, message = explained(await call(channel, EXECUTE, request))
    assert (code, reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BODY_TOO_LARGE")
    assert "6 MiB" in message
    assert stubs.calls == []


async def test_internal_metadata_is_removed(channel: grpc.aio.Channel, stubs: Stubs) -> None:
    """A gRPC caller cannot set what only the gateway may say."""
    names = ("x-ignis-identity", "x-ignis-other", "x-envoy-original-path", "x-envoy-other")
    await call(channel, metadata=[(name, "forged") for name in names])
    await call(channel, "/ignis.v1.JobService/GetHealth", b"", [(name, "forged") for name in names])
    assert len(stubs.calls) == 2
    for each in stubs.calls:
        assert "forged" not in each.metadata.values()
    assert "x-ignis-identity" not in stubs.calls[1].metadata


async def test_metadata_names_with_underscores_are_refused(
    channel: grpc.aio.Channel, stubs: Stubs
) -> None:
    """x_ignis_identity reaches no service; the connection goes on."""
    error = await call(channel, metadata=[("x_ignis_identity", "forged")])
    assert isinstance(error, grpc.aio.AioRpcError)
    assert stubs.calls == []
    assert await call(channel) == b""


async def test_open_rpcs_ask_nobody(channel: grpc.aio.Channel, stubs: Stubs) -> None:
    """What the contract opens to anybody needs no credential in gRPC either."""
    stubs.check = lambda _request: deny(401, "API_KEY_MISSING", "Send a key.")
    assert await call(channel, "/ignis.v1.JobService/GetApiHealth") == b""
    assert stubs.checks == []


async def test_health_can_be_asked(channel: grpc.aio.Channel, stubs: Stubs) -> None:
    """grpc.health.v1 answers anybody, once or as a stream."""
    stubs.check = lambda _request: deny(401, "API_KEY_MISSING", "Send a key.")
    health = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service="ignis.v1.JobService")
    serving = health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)
    assert serving == await health.Check(request)
    watching = health.Watch(request)
    assert serving == await watching.read()
    watching.cancel()


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_lists_the_services(
    channel: grpc.aio.Channel, stubs: Stubs, version: str
) -> None:
    """Tools find the services by reflection, of either version, without a key."""
    stubs.check = lambda _request: deny(401, "API_KEY_MISSING", "Send a key.")
    reflect = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )()
    await reflect.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    answered: Any = await reflect.read()
    reflect.cancel()
    services = [service.name for service in answered.list_services_response.service]
    assert "ignis.v1.JobService" in services


def _frame(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4, "big") + message


@pytest.mark.parametrize("text", [False, True])
async def test_grpc_web_reaches_the_service(
    rest: httpx.AsyncClient, stubs: Stubs, text: bool
) -> None:
    """A browser's gRPC-Web call works over HTTP/1.1, binary or base64."""
    job = job_pb2.ExecuteResponse(data=job_pb2.Job(job_id="01K"))
    stubs.on["Execute"] = answer(job, 201)
    body = _frame(job_pb2.ExecuteRequest(language="go").SerializeToString())
    kind = "application/grpc-web-text" if text else "application/grpc-web+proto"
    response = await rest.post(
        EXECUTE,
        content=base64.b64encode(body) if text else body,
        headers={"content-type": kind, "accept": kind, "x-grpc-web": "1"},
    )
    assert response.status_code == 200
    frame = _frame(job.SerializeToString())
    answered = response.content
    if text:
        answered = base64.b64decode(answered[: -(-len(frame) // 3) * 4])[: len(frame)]
    assert answered.startswith(frame)
    assert stubs.calls[0].request.language == "go"
    assert "x-ignis-http-status" not in response.headers


async def test_grpc_web_learns_why_it_was_denied(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """A denial reaches gRPC-Web as a status with message and details."""
    stubs.check = lambda _request: deny(401, "API_KEY_MISSING", "Send a key.")
    response = await rest.post(
        EXECUTE, content=_frame(b""), headers={"content-type": "application/grpc-web+proto"}
    )
    assert response.headers["grpc-status"] == "16"
    assert response.headers["grpc-message"] == "Send a key."
    details = base64.b64decode(response.headers["grpc-status-details-bin"])
    assert b"API_KEY_MISSING" in details
    assert "x-ignis-reason" not in response.headers
