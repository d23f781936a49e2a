"""What happens around every RPC, over real gRPC."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import pytest
import structlog.testing
from google.rpc import error_details_pb2
from tests.integration.server.rooms import (
    Keys,
    Servicer,
    StreamServicer,
    credentials,
    reason,
    serving,
    told,
)

from ignis.errors import InvalidArgument, NotFound, Unavailable, Violation, invalid
from ignis.server.context import current_identity, current_identity_or_none, request_id
from ignis.server.identity import IdentityVerifier
from ignis.server.interceptors import AroundEveryRpc
from ignis.server.metrics import Metrics
from ignis.v1 import webhook_pb2 as pb
from ignis.v1.webhook_pb2_grpc import (
    WebhookServiceStub,
    add_WebhookServiceServicer_to_server,
)


@dataclass
class Room:
    """A running service and its client."""

    channel: grpc.aio.Channel
    metrics: Metrics
    servicer: Servicer = field(default_factory=Servicer)
    streams: StreamServicer = field(default_factory=StreamServicer)

    @property
    def stub(self) -> Any:  # noqa: ANN401 - the generated stub is typed for both kinds of channel
        """The client."""
        return WebhookServiceStub(self.channel)

    def numbers(self) -> Any:  # noqa: ANN401 - a call without types, as its bytes are
        """Call the stream."""
        open_stream: Any = self.channel.unary_stream("/test.Stream/Numbers")
        return open_stream(b"")

    async def get(self, *metadata: tuple[str, str]) -> None:
        """Call an RPC that needs an identity."""
        await self.stub.GetWebhook(pb.GetWebhookRequest(), metadata=metadata or credentials())

    async def refused(self, *metadata: tuple[str, str]) -> grpc.aio.AioRpcError:
        """Call it, and expect an error."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.get(*metadata)
        return caught.value


@pytest.fixture(name="room")
async def room_fixture() -> AsyncIterator[Room]:
    """A service behind the interceptor."""
    metrics, servicer, streams = Metrics("test"), Servicer(), StreamServicer()
    server = grpc.aio.server(interceptors=(AroundEveryRpc(metrics, IdentityVerifier(Keys())),))
    add_WebhookServiceServicer_to_server(servicer, server)
    server.add_generic_rpc_handlers((streams,))
    async with serving(server) as channel:
        yield Room(channel, metrics, servicer, streams)


def fail_with(room: Room, error: Exception) -> None:
    """Let every RPC fail."""

    async def fail() -> None:
        raise error

    room.servicer.behaviour = fail
    room.streams.behaviour = fail


async def test_the_code_sees_caller_and_request(room: Room) -> None:
    """Within an RPC, who calls and which request it is are known."""
    seen: list[tuple[str, str]] = []

    async def look() -> None:
        seen.append((current_identity().user, request_id.get()))

    room.servicer.behaviour = look
    await room.get(*credentials("user_7", **{"x-request-id": "req-7"}))

    assert [("user_7", "req-7")] == seen


async def test_a_request_without_an_id_gets_one(room: Room) -> None:
    """Whatever calls, logs can be followed."""
    seen: list[str] = []

    async def look() -> None:
        seen.append(request_id.get())

    room.servicer.behaviour = look
    await room.get()
    await room.get()

    assert 2 == len(set(seen))
    assert all(seen)


async def test_requests_at_once_do_not_mix(room: Room) -> None:
    """Fifty callers at the same time each stay who they are, to the end of their call."""
    together = asyncio.Barrier(50)
    seen: set[tuple[str, str, str]] = set()

    async def look() -> None:
        before = current_identity().user
        await together.wait()
        seen.add((before, current_identity().user, request_id.get()))

    room.servicer.behaviour = look
    await asyncio.gather(
        *(room.get(*credentials(f"user_{i}", **{"x-request-id": f"{i}"})) for i in range(50))
    )

    assert {(f"user_{i}", f"user_{i}", f"{i}") for i in range(50)} == seen


async def test_nothing_of_a_caller_is_left_for_the_next(room: Room) -> None:
    """An RPC that needs no identity sees none, on the same connection as one that had it."""
    seen: list[object] = []

    async def look() -> None:
        seen.append(current_identity_or_none())

    room.streams.behaviour = look
    await room.get(*credentials("user_1"))
    assert [b"1", b"2"] == [number async for number in room.numbers()]

    assert [None] == seen


async def test_an_identity_is_required(room: Room) -> None:
    """Without one there is no answer, and the reason says so."""
    error = await room.refused(("x-other", "1"))

    assert (grpc.StatusCode.UNAUTHENTICATED, "IDENTITY_MISSING") == (error.code(), reason(error))


async def test_a_forged_identity_is_refused(room: Room) -> None:
    """What isn't signed by our key isn't believed."""
    error = await room.refused(("x-ignis-identity", credentials()[0][1][:-4] + "AAAA"))

    assert (grpc.StatusCode.UNAUTHENTICATED, "IDENTITY_INVALID") == (error.code(), reason(error))


async def test_a_service_without_keys_believes_nobody() -> None:
    """A room that forgot to trust anybody refuses instead of letting everybody in."""
    server = grpc.aio.server(interceptors=(AroundEveryRpc(Metrics("test"), None),))
    add_WebhookServiceServicer_to_server(Servicer(), server)
    async with serving(server) as channel:
        error = await Room(channel, Metrics("other")).refused(*credentials())

    assert (grpc.StatusCode.INTERNAL, "IDENTITY_UNVERIFIABLE") == (error.code(), reason(error))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("NONE", "There is none."), grpc.StatusCode.NOT_FOUND),
        (InvalidArgument("BAD", "Mend it."), grpc.StatusCode.INVALID_ARGUMENT),
        (Unavailable("AWAY", "Später wieder."), grpc.StatusCode.UNAVAILABLE),
    ],
)
async def test_a_domain_error_is_answered_as_it_is(
    room: Room, error: NotFound, code: grpc.StatusCode
) -> None:
    """Code, reason and message arrive, over unary answers and streams alike."""
    fail_with(room, error)
    caught = await room.refused()
    assert (code, error.reason, error.message) == (
        caught.code(),
        reason(caught),
        caught.details(),
    )

    numbers = room.numbers()
    assert [b"1", b"2"] == [await numbers.read(), await numbers.read()]
    with pytest.raises(grpc.aio.AioRpcError) as streamed:
        await numbers.read()
    assert (code, error.reason) == (streamed.value.code(), reason(streamed.value))


async def test_violations_and_times_to_retry_arrive(room: Room) -> None:
    """Details follow the ErrorInfo."""
    fail_with(room, InvalidArgument("BAD", "x", violations=[Violation("a", "b")], retry_after=2))
    details = told(await room.refused()).details

    assert [
        error_details_pb2.ErrorInfo.DESCRIPTOR.full_name,
        error_details_pb2.BadRequest.DESCRIPTOR.full_name,
        error_details_pb2.RetryInfo.DESCRIPTOR.full_name,
    ] == [detail.TypeName() for detail in details]


async def test_a_defect_is_masked_and_logged(room: Room) -> None:
    """What nobody expected says nothing about itself to the caller, and all to the log."""
    fail_with(room, KeyError("password=hunter2"))
    with structlog.testing.capture_logs() as logs:
        caught = await room.refused()

    assert (grpc.StatusCode.INTERNAL, "INTERNAL") == (caught.code(), reason(caught))
    assert "hunter2" not in f"{caught.details()} {told(caught)}"
    [logged] = [one for one in logs if one["event"] == "unexpected error"]
    assert "hunter2" in repr(logged["exc_info"])
    where = b'ignis_test_errors_total{where="/ignis.v1.WebhookService/GetWebhook"} 1.0'
    assert where in room.metrics.render()


async def test_a_huge_error_still_arrives(room: Room) -> None:
    """A thousand violations are answered as what they are, not as headers too large."""
    fail_with(room, invalid([Violation(f"files[{i}].name", "é" * 200) for i in range(1000)]))
    caught = await room.refused()

    assert (grpc.StatusCode.INVALID_ARGUMENT, "VALIDATION_FAILED") == (
        caught.code(),
        reason(caught),
    )


async def test_a_success_has_its_http_status(room: Room) -> None:
    """201 and 204 are sent before the answer; 200 isn't, nor is anything with an error."""
    create = room.stub.CreateWebhook(pb.CreateWebhookRequest(), metadata=credentials())
    await create
    delete = room.stub.DeleteWebhook(pb.DeleteWebhookRequest(), metadata=credentials())
    await delete
    get = room.stub.GetWebhook(pb.GetWebhookRequest(), metadata=credentials())
    await get
    fail_with(room, NotFound("NONE", "There is none."))
    failed = room.stub.CreateWebhook(pb.CreateWebhookRequest(), metadata=credentials())
    with pytest.raises(grpc.aio.AioRpcError):
        await failed

    statuses = [
        dict(await call.initial_metadata() or ()).get("x-ignis-http-status")
        for call in (create, delete, get, failed)
    ]
    assert ["201", "204", None, None] == statuses


async def test_bytes_that_are_no_request_are_the_callers_fault(room: Room) -> None:
    """A request that can't be read is a bad request, and no defect of ours."""
    call: Any = room.channel.unary_unary("/ignis.v1.WebhookService/GetWebhook")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(b"\xff\xff", metadata=credentials())

    assert (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_UNREADABLE") == (
        caught.value.code(),
        reason(caught.value),
    )


async def test_every_rpc_is_counted_with_its_code(room: Room) -> None:
    """Successes, refusals and failures are told apart."""
    await room.get()
    fail_with(room, NotFound("NONE", "There is none."))
    await room.refused()
    await room.refused(("x-other", "1"))
    counted = room.metrics.render().decode()

    for code in ("OK", "NOT_FOUND", "UNAUTHENTICATED"):
        line = (
            'ignis_test_requests_total{code="'
            f'{code}",method="/ignis.v1.WebhookService/GetWebhook"}} 1.0'
        )
        assert line in counted


async def test_a_caller_that_hangs_up_is_counted_as_such(room: Room) -> None:
    """A call that its caller cancelled ends, and is no success."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    room.servicer.behaviour = work
    call = room.stub.GetWebhook(pb.GetWebhookRequest(), metadata=credentials())
    waiting = asyncio.ensure_future(call)
    await begun.wait()
    waiting.cancel()
    await asyncio.wait_for(ended.wait(), 5)
    async with asyncio.timeout(5):
        while b'code="CANCELLED"' not in room.metrics.render():  # noqa: ASYNC110 - counted after the handler's end
            await asyncio.sleep(0.01)


async def test_an_unknown_method_is_unimplemented(room: Room) -> None:
    """What nobody serves is answered by gRPC itself."""
    call: Any = room.channel.unary_unary("/ignis.v1.WebhookService/Nothing")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(b"")

    assert grpc.StatusCode.UNIMPLEMENTED is caught.value.code()
