"""WebhookService over real gRPC, with identities that a test key signed."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2
from tests.integration.identities import Metadata, metadata, reason, told, trusted_signer
from tests.integration.webhook.process import Service, running
from tests.servers import Server

from ignis.events import connection
from ignis.local.postgres import Database
from ignis.server.identity import IdentitySigner
from ignis.v1 import webhook_pb2 as pb
from ignis.v1.webhook_pb2_grpc import WebhookServiceStub

if TYPE_CHECKING:
    from ignis.v1.webhook_pb2_grpc import WebhookServiceAsyncStub  # in its stub file alone

URL = "https://example.com/hook"
CAP = 6  # endpoints of one user


@pytest.fixture(scope="module", name="service")
def service_fixture(
    tmp_path_factory: pytest.TempPathFactory, postgres: Database, nats: Server
) -> Iterator[Service]:
    """One running service for all tests of this file; each has users of its own."""
    folder: Path = tmp_path_factory.mktemp("webhook")
    cap = {"WEBHOOK_MAX_ENDPOINTS": str(CAP)}
    with running(folder, postgres, nats.url, f"rpcs_{secrets.token_hex(4)}", **cap) as service:
        service.wait_for(200)
        yield service


class Caller:
    """Somebody who calls, with a new identity for each call."""

    def __init__(self, stub: "WebhookServiceAsyncStub", signer: IdentitySigner) -> None:
        self.user = f"user_{secrets.token_hex(6)}"
        self.stub = stub
        self._signer = signer

    def metadata(self, nonce: str = "") -> Metadata:
        """What the gateway would send."""
        return metadata(self._signer, self.user, nonce)

    async def create(self, nonce: str = "", **fields: Any) -> pb.Webhook:  # noqa: ANN401 - fields of many types
        """Make an endpoint."""
        request = pb.CreateWebhookRequest(**{"url": URL, "events": ["job.*"], **fields})
        answer = await self.stub.CreateWebhook(request, metadata=self.metadata(nonce))
        return answer.data


@asynccontextmanager
async def calling(service: Service, nats: Server) -> AsyncIterator[tuple[Caller, Caller]]:
    """Two users with a channel to the service."""
    async with (
        connection.connect(nats.url, "test") as connected,
        grpc.aio.insecure_channel(service.grpc) as channel,
    ):
        signer = await trusted_signer(connected)
        stub = WebhookServiceStub(channel)
        yield Caller(stub, signer), Caller(stub, signer)


@pytest.fixture(name="callers")
async def callers_fixture(service: Service, nats: Server) -> AsyncIterator[tuple[Caller, Caller]]:
    """Two users that nobody has been before."""
    async with calling(service, nats) as callers:
        yield callers


async def test_an_endpoint_lives(callers: tuple[Caller, Caller]) -> None:
    """An endpoint is made, shown, changed and deleted, with the HTTP statuses of REST."""
    caller, _ = callers
    call = caller.stub.CreateWebhook(
        pb.CreateWebhookRequest(url=URL, events=["job.completed"]), metadata=caller.metadata()
    )
    made = (await call).data
    assert dict(await call.initial_metadata())["x-ignis-http-status"] == "201"
    assert made.secret.startswith("whsec_")

    got = await caller.stub.GetWebhook(pb.GetWebhookRequest(id=made.id), metadata=caller.metadata())
    assert (got.data.url, got.data.HasField("secret")) == (URL, False)
    changed = await caller.stub.UpdateWebhook(
        pb.UpdateWebhookRequest(id=made.id, is_active=False), metadata=caller.metadata()
    )
    assert not changed.data.is_active

    deletion = caller.stub.DeleteWebhook(
        pb.DeleteWebhookRequest(id=made.id), metadata=caller.metadata()
    )
    await deletion
    assert dict(await deletion.initial_metadata())["x-ignis-http-status"] == "204"
    listed = await caller.stub.ListWebhooks(pb.ListWebhooksRequest(), metadata=caller.metadata())
    assert list(listed.data) == []


async def test_a_list_goes_page_by_page(callers: tuple[Caller, Caller]) -> None:
    """Pages follow each other without gaps, newest first, and end without a cursor."""
    caller, other = callers
    made = [(await caller.create()).id for _ in range(5)]
    await other.create()
    seen: list[str] = []
    cursor = ""
    while True:
        page = await caller.stub.ListWebhooks(
            pb.ListWebhooksRequest(limit=2, cursor=cursor), metadata=caller.metadata()
        )
        seen += [webhook.id for webhook in page.data]
        assert page.pagination.count == len(page.data)
        cursor = page.pagination.next_cursor
        if not cursor:
            break

    assert seen == sorted(made, reverse=True)


async def test_someone_elses_endpoint_is_not_there(callers: tuple[Caller, Caller]) -> None:
    """What belongs to another is answered exactly as what never was."""
    caller, other = callers
    theirs = await other.create()
    answers = set()
    for webhook_id in (theirs.id, "01KAR0000000000000000000ZZ", "nonsense", "a\0b"):
        for call in (
            caller.stub.GetWebhook(pb.GetWebhookRequest(id=webhook_id), metadata=caller.metadata()),
            caller.stub.UpdateWebhook(
                pb.UpdateWebhookRequest(id=webhook_id, url=URL), metadata=caller.metadata()
            ),
            caller.stub.DeleteWebhook(
                pb.DeleteWebhookRequest(id=webhook_id), metadata=caller.metadata()
            ),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call
            answers.add((caught.value.code(), reason(caught.value), caught.value.details()))

    assert {(grpc.StatusCode.NOT_FOUND, "WEBHOOK_NOT_FOUND")} == {a[:2] for a in answers}
    assert len(answers) == 1


async def test_everything_wrong_is_told_at_once(callers: tuple[Caller, Caller]) -> None:
    """The answer to a bad request names each field that is wrong."""
    caller, _ = callers
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.create(url="http://10.0.0.1/", events=["job.*", "x"], description="d" * 256)

    details = error_details_pb2.BadRequest()
    assert told(caught.value).details[1].Unpack(details)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in details.field_violations] == [
        "url",
        "url",
        "events[1]",
        "description",
    ]


async def test_the_cap_is_told(callers: tuple[Caller, Caller]) -> None:
    """One endpoint more than allowed is refused as a limit that was reached."""
    caller, other = callers
    for _ in range(CAP):
        await caller.create()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.create()

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert reason(caught.value) == "WEBHOOK_LIMIT_REACHED"
    await other.create()


async def test_a_repeated_request_is_answered_as_the_first(
    callers: tuple[Caller, Caller],
) -> None:
    """When the gateway repeats a POST, one endpoint is made, and its secret is not lost."""
    caller, _ = callers
    first = await caller.create(nonce="same")
    again = await caller.create(nonce="same")

    assert (first.id, first.secret) == (again.id, again.secret)


async def test_nobody_calls_without_an_identity(callers: tuple[Caller, Caller]) -> None:
    """A caller whom the auth service didn't name is refused."""
    caller, _ = callers
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.stub.ListWebhooks(pb.ListWebhooksRequest())

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
