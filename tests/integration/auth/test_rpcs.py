"""The key RPCs over gRPC, with identities that the service itself has signed."""

import time
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from tests.integration.auth.process import AUTH, Client

from ignis.server.ids import new_id
from ignis.v1 import auth_pb2


def details(error: grpc.aio.AioRpcError) -> tuple[str, list[str]]:
    """The reason of an error, and the fields that are wrong."""
    packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert isinstance(packed, bytes)
    status = status_pb2.Status.FromString(packed)
    info = error_details_pb2.ErrorInfo()
    request = error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(request)
    return info.reason, [violation.field for violation in request.field_violations]


async def refused(call: Any) -> grpc.aio.AioRpcError:  # noqa: ANN401 - a call of grpc.aio
    """The error that a call ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return error.value


async def test_a_key_is_shown_once(client: Client) -> None:
    """The answer that makes a key has its secret, no later one does."""
    me = await client.identity("once")
    made = (
        await client.rpcs.CreateApiKey(auth_pb2.CreateApiKeyRequest(name="a"), metadata=me)
    ).data
    assert made.key.startswith("ign_live_")
    assert (made.prefix, made.last_four) == (made.key[:13], made.key[-4:])
    assert (list(made.scopes), made.rate_limit) == (["jobs:read", "jobs:write"], 100)

    got = (await client.rpcs.GetApiKey(auth_pb2.GetApiKeyRequest(id=made.id), metadata=me)).data
    listed = await client.rpcs.ListApiKeys(auth_pb2.ListApiKeysRequest(), metadata=me)
    assert not got.HasField("key")
    assert list(listed.data) == [got]
    assert (listed.pagination.limit, listed.pagination.count) == (20, 1)


async def test_successes_have_their_status(client: Client) -> None:
    """201 for a creation and 204 for a deletion go to the gateway."""
    me = await client.identity("status")
    creation = client.rpcs.CreateApiKey(auth_pb2.CreateApiKeyRequest(name="a"), metadata=me)
    made = (await creation).data
    deletion = client.rpcs.DeleteApiKey(auth_pb2.DeleteApiKeyRequest(id=made.id), metadata=me)
    await deletion

    assert dict(await creation.initial_metadata())["x-ignis-http-status"] == "201"
    assert dict(await deletion.initial_metadata())["x-ignis-http-status"] == "204"


async def test_a_repeated_request_makes_one_key(client: Client) -> None:
    """The gateway may send one request twice, with the same identity."""
    me = await client.identity("repeated")
    request = auth_pb2.CreateApiKeyRequest(name="a")
    first = (await client.rpcs.CreateApiKey(request, metadata=me)).data
    again = (await client.rpcs.CreateApiKey(request, metadata=me)).data

    assert first.id == again.id
    assert await client.reason(key=again.key) == ""
    assert await client.reason(key=first.key) == "API_KEY_INVALID"


async def test_pages_follow_each_other(client: Client) -> None:
    """The cursor of a page leads to the next."""
    made = [(await client.make_key("pages")).id for _ in range(3)]
    me = await client.identity("pages")
    first = await client.rpcs.ListApiKeys(auth_pb2.ListApiKeysRequest(limit=2), metadata=me)
    cursor = first.pagination.next_cursor
    request = auth_pb2.ListApiKeysRequest(limit=2, cursor=cursor)
    second = await client.rpcs.ListApiKeys(request, metadata=me)

    assert [key.id for key in (*first.data, *second.data)] == sorted(made, reverse=True)
    assert second.pagination.next_cursor == ""


async def test_all_that_is_wrong_is_told_at_once(client: Client) -> None:
    """One INVALID_ARGUMENT names every field."""
    request = auth_pb2.CreateApiKeyRequest(name=" ", scopes=["keys:write"], rate_limit=1_000_001)
    request.expires_at.FromSeconds(int(time.time()) - 5)
    error = await refused(
        client.rpcs.CreateApiKey(request, metadata=await client.identity("wrong"))
    )

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert details(error) == (
        "VALIDATION_FAILED",
        ["name", "scopes[0]", "rate_limit", "expires_at"],
    )


async def test_what_is_not_yours_is_not_found(client: Client) -> None:
    """Someone else's, unknown and malformed ids are answered alike."""
    theirs = await client.make_key("theirs")
    me = await client.identity("mine")
    told = set()
    for key_id in (theirs.id, new_id(), "x", "a'b\x00"):
        for call in (
            client.rpcs.GetApiKey(auth_pb2.GetApiKeyRequest(id=key_id), metadata=me),
            client.rpcs.UpdateApiKey(
                auth_pb2.UpdateApiKeyRequest(id=key_id, name="b"), metadata=me
            ),
            client.rpcs.DeleteApiKey(auth_pb2.DeleteApiKeyRequest(id=key_id), metadata=me),
        ):
            error = await refused(call)
            told.add((error.code(), error.details(), details(error)[0]))

    assert len(told) == 1
    assert told.pop()[0] is grpc.StatusCode.NOT_FOUND
    assert await client.reason(key=theirs.key) == ""


async def test_nobody_comes_in_without_an_identity(client: Client) -> None:
    """A caller on the network that is not the gateway can claim nothing."""
    request = auth_pb2.ListApiKeysRequest()
    assert (await refused(client.rpcs.ListApiKeys(request))).code() is (
        grpc.StatusCode.UNAUTHENTICATED
    )
    forged = (("x-ignis-identity", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0."),)
    error = await refused(client.rpcs.ListApiKeys(request, metadata=forged))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_every_rpc_is_for_sessions_alone(client: Client) -> None:
    """A key can't make, see or change keys."""
    made = await client.make_key("sessions_only")
    for name in ("CreateApiKey", "ListApiKeys", "GetApiKey", "UpdateApiKey", "DeleteApiKey"):
        assert await client.reason(f"{AUTH}/{name}", key=made.key) == "CREDENTIAL_UNSUITABLE"
