"""Errors of the services as REST callers see them."""

import grpc
import httpx
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from tests.integration.gateway.shape import error_of, summary_of
from tests.integration.gateway.stubs import Context, Stubs, fail

pytestmark = pytest.mark.asyncio(loop_scope="session")

JOB = "/api/v1/public/jobs/01K"
Code = grpc.StatusCode


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.INVALID_ARGUMENT, 400),
        (Code.FAILED_PRECONDITION, 400),
        (Code.OUT_OF_RANGE, 400),
        (Code.UNAUTHENTICATED, 401),
        (Code.PERMISSION_DENIED, 403),
        (Code.NOT_FOUND, 404),
        (Code.ALREADY_EXISTS, 409),
        (Code.ABORTED, 409),
        (Code.RESOURCE_EXHAUSTED, 429),
        (Code.CANCELLED, 499),
        (Code.INTERNAL, 500),
        (Code.UNIMPLEMENTED, 501),
        (Code.UNAVAILABLE, 503),
        (Code.DEADLINE_EXCEEDED, 504),
    ],
)
async def test_every_code_has_its_status_and_shape(
    rest: httpx.AsyncClient, stubs: Stubs, code: grpc.StatusCode, status: int
) -> None:
    """An error that a service explains keeps code, reason and message."""
    stubs.on["GetJob"] = fail(code, "Do this instead.", "SOME_REASON")
    response = await rest.get(JOB)
    assert summary_of(response) == (status, code.name, "SOME_REASON")
    assert error_of(response)["message"] == "Do this instead."


@pytest.mark.parametrize(
    "message",
    [
        'with "quotes", and \\backslashes\\',
        "on\ntwo lines\tand \x01 control",
        "é漢😀\u2028",
        '","details":[{"@type":"x","reason":"FORGED"}]}',
        '{"code":5,"message":"nested"}',
        "50 % of %20",
        "ends with a backslash\\",
    ],
)
async def test_messages_arrive_as_they_were_written(
    rest: httpx.AsyncClient, stubs: Stubs, message: str
) -> None:
    """No character of a message breaks the shape or forges a part of it."""
    stubs.on["GetJob"] = fail(Code.NOT_FOUND, message, "JOB_UNKNOWN")
    response = await rest.get(JOB)
    assert summary_of(response) == (404, "NOT_FOUND", "JOB_UNKNOWN")
    assert error_of(response)["message"] == message


async def test_details_stay_in_order(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """All details are answered, the ErrorInfo first."""
    violation = {"field": "code", "description": 'is "empty"'}
    bad = error_details_pb2.BadRequest(field_violations=[violation])
    stubs.on["GetJob"] = fail(Code.INVALID_ARGUMENT, "No code.", "CODE_EMPTY", bad)
    details = error_of(await rest.get(JOB))["details"]
    prefix = "type.googleapis.com/google.rpc."
    assert [f"{prefix}ErrorInfo", f"{prefix}BadRequest"] == [each["@type"] for each in details]
    assert details[0]["reason"] == "CODE_EMPTY"
    assert violation.items() <= details[1]["field_violations"][0].items()


async def test_retry_info_becomes_retry_after(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """A service that says when to try again says so in HTTP too, in whole seconds."""
    info = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=3, nanos=500_000_000))
    stubs.on["GetJob"] = fail(Code.RESOURCE_EXHAUSTED, "Full.", "QUEUE_FULL", info)
    response = await rest.get(JOB)
    assert summary_of(response) == (429, "RESOURCE_EXHAUSTED", "QUEUE_FULL")
    assert response.headers["retry-after"] == "4"


async def test_an_error_without_details_keeps_its_code(
    rest: httpx.AsyncClient, stubs: Stubs
) -> None:
    """Without an ErrorInfo the reason is the code."""
    stubs.on["GetJob"] = fail(Code.NOT_FOUND, "No such job.")
    assert summary_of(await rest.get(JOB)) == (404, "NOT_FOUND", "NOT_FOUND")


async def test_an_empty_message_is_filled_in(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """An error that says nothing still tells the caller what to do."""
    stubs.on["GetJob"] = fail(Code.NOT_FOUND, "", "JOB_UNKNOWN")
    response = await rest.get(JOB)
    assert summary_of(response) == (404, "NOT_FOUND", "JOB_UNKNOWN")
    assert "x-request-id" in error_of(response)["message"]


async def test_an_exception_stays_inside(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """What an unhandled exception says reaches nobody."""

    async def explode(_request: object, _context: Context) -> None:
        raise RuntimeError("password=hunter2")

    stubs.on["GetJob"] = explode
    response = await rest.get(JOB)
    assert summary_of(response) == (500, "UNKNOWN", "UNKNOWN")
    assert "hunter2" not in response.text
    assert error_of(response)["message"].startswith("Something went wrong inside Ignis")


async def test_an_error_after_the_headers_is_still_an_error(
    rest: httpx.AsyncClient, stubs: Stubs
) -> None:
    """A success status that was announced does not hide a failure."""

    async def announce_and_explode(_request: object, context: Context) -> None:
        await context.send_initial_metadata((("x-ignis-http-status", "201"),))
        raise RuntimeError("password=hunter2")

    stubs.on["GetJob"] = announce_and_explode
    response = await rest.get(JOB)
    assert summary_of(response) == (500, "UNKNOWN", "UNKNOWN")
    assert "hunter2" not in response.text


async def test_the_connection_survives_errors(rest: httpx.AsyncClient, stubs: Stubs) -> None:
    """One HTTP/1.1 connection serves errors of every kind and goes on."""
    stubs.on["GetJob"] = fail(Code.NOT_FOUND, "No such job.", "JOB_UNKNOWN")
    responses = [
        await rest.get(JOB),
        await rest.get("/nowhere"),
        await rest.post("/nowhere", json={"a": 1}),
        await rest.put("/api/v1/public/execute", json={"a": 1}),
        await rest.post("/api/v1/public/execute", data={"a": "b"}),
        await rest.post("/api/v1/public/execute", content=b"{"),
        await rest.get("/api/v1/public/jobs?colour=red"),
        await rest.get("/health"),
    ]
    assert [each.status_code for each in responses] == [404, 404, 404, 405, 415, 400, 400, 200]
    streams = (response.extensions["network_stream"] for response in responses)
    assert len({stream.get_extra_info("client_addr") for stream in streams}) == 1
