"""gRPC clients: the same RPCs on the same port as REST."""

from collections.abc import AsyncIterator, Awaitable

import grpc.aio
import httpx
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from tests.e2e.conftest import Running
from tests.e2e.jobs import finished

from ignis.v1 import auth_pb2, auth_pb2_grpc, job_pb2, job_pb2_grpc, webhook_pb2, webhook_pb2_grpc

Metadata = tuple[tuple[str, str | bytes], ...]
PROGRAM = job_pb2.ExecuteRequest(language="python", code="print(1)", wait=60)
REFLECTIONS = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


@pytest.fixture(name="channel")
async def channel_fixture(stack: Running) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the gateway."""
    async with grpc.aio.insecure_channel(stack.facts["grpc_address"]) as channel:
        yield channel


@pytest.fixture(name="key")
def key_fixture(stack: Running) -> Metadata:
    """The API key, as metadata."""
    return (("x-api-key", stack.facts["api_key"]),)


def _reason(error: grpc.aio.AioRpcError) -> str:
    """The reason in an error's details, which every error must have."""
    metadata = dict(error.trailing_metadata() or ())
    details = metadata["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    status = status_pb2.Status.FromString(details)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "ignis"
    assert status.message == error.details()
    return str(info.reason)


async def _refusal(call: Awaitable[object]) -> tuple[str, str]:
    """The code and the reason that a call is refused with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code().name, _reason(caught.value)


async def test_jobs_over_grpc_are_those_of_rest(
    channel: grpc.aio.Channel, key: Metadata, api: httpx.Client
) -> None:
    """A job that was posted over gRPC is the same over both, and in both lists."""
    jobs = job_pb2_grpc.JobServiceStub(channel)
    posted = (await jobs.Execute(PROGRAM, metadata=key)).data
    assert (posted.status, posted.verdict, posted.stdout) == ("completed", "accepted", "1\n")
    request = job_pb2.GetJobRequest(job_id=posted.job_id)
    assert (await jobs.GetJob(request, metadata=key)).data == posted
    assert finished(api, posted.job_id)["stdout"] == "1\n"
    listed = await jobs.ListJobs(job_pb2.ListJobsRequest(limit=100), metadata=key)
    assert posted.job_id in [job.job_id for job in listed.data]


async def test_open_rpcs_need_no_credential(channel: grpc.aio.Channel) -> None:
    """Both healths answer anybody."""
    jobs = job_pb2_grpc.JobServiceStub(channel)
    assert (await jobs.GetHealth(job_pb2.GetHealthRequest())).data.status == "ok"
    assert (await jobs.GetApiHealth(job_pb2.GetApiHealthRequest())).data.status == "ok"


async def test_keys_and_webhooks_take_a_session(channel: grpc.aio.Channel, stack: Running) -> None:
    """With the session as metadata, their RPCs work from create to delete."""
    session = (("authorization", f"Bearer {stack.facts['user_token']}"),)
    keys = auth_pb2_grpc.AuthServiceStub(channel)
    made = (await keys.CreateApiKey(auth_pb2.CreateApiKeyRequest(name="g"), metadata=session)).data
    own = (("x-api-key", made.key),)
    jobs = job_pb2_grpc.JobServiceStub(channel)
    status = (await jobs.GetStatus(job_pb2.GetStatusRequest(), metadata=own)).data
    assert {"go", "python"} <= {language.id for language in status.languages}
    await keys.DeleteApiKey(auth_pb2.DeleteApiKeyRequest(id=made.id), metadata=session)
    refused = await _refusal(jobs.GetStatus(job_pb2.GetStatusRequest(), metadata=own))
    assert refused == ("UNAUTHENTICATED", "API_KEY_INVALID")

    webhooks = webhook_pb2_grpc.WebhookServiceStub(channel)
    request = webhook_pb2.CreateWebhookRequest(url="https://example.com/", events=["job.*"])
    hook = (await webhooks.CreateWebhook(request, metadata=session)).data
    assert hook.secret.startswith("whsec_")
    await webhooks.DeleteWebhook(webhook_pb2.DeleteWebhookRequest(id=hook.id), metadata=session)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ((), "CREDENTIAL_MISSING"),
        ((("x-api-key", "ign_nonsense"),), "API_KEY_INVALID"),
        ((("x-ignis-identity", "forged"),), "CREDENTIAL_MISSING"),
        ((("x-ignis-identity-bin", b"forged"),), "CREDENTIAL_MISSING"),
        ((("x-envoy-original-path", "/health"),), "CREDENTIAL_MISSING"),
    ],
)
async def test_nobody_is_let_in_without_a_credential(
    channel: grpc.aio.Channel, metadata: Metadata, reason: str
) -> None:
    """A missing, wrong or forged one is refused with code and details."""
    jobs = job_pb2_grpc.JobServiceStub(channel)
    assert await _refusal(jobs.Execute(PROGRAM, metadata=metadata)) == ("UNAUTHENTICATED", reason)


async def test_a_forged_identity_beside_a_key_is_thrown_away(
    channel: grpc.aio.Channel, key: Metadata
) -> None:
    """The key decides who calls, whatever else the client says."""
    jobs = job_pb2_grpc.JobServiceStub(channel)
    forged = (*key, ("x-ignis-identity", "forged"), ("x-ignis-identity", "again"))
    assert (await jobs.Execute(PROGRAM, metadata=forged)).data.status == "completed"


async def test_wrong_requests_are_refused_with_details(
    channel: grpc.aio.Channel, key: Metadata, stack: Running
) -> None:
    """The reasons are those of REST; bytes that are no message are refused as well."""
    jobs = job_pb2_grpc.JobServiceStub(channel)
    keys = auth_pb2_grpc.AuthServiceStub(channel)
    session = (("authorization", f"Bearer {stack.facts['user_token']}"),)
    large = job_pb2.ExecuteRequest(language="python", code="#" * (7 << 20))
    negative = job_pb2.ExecuteRequest(
        language="python", code="1", limits=job_pb2.Limits(wall_time_ms=-1)
    )

    def raw(path: str, content: bytes) -> Awaitable[object]:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
        return call(content, metadata=key)

    get_job = "/ignis.v1.JobService/GetJob"
    expected: dict[Awaitable[object], tuple[str, str]] = {
        jobs.Execute(job_pb2.ExecuteRequest(), metadata=key): ("INVALID_ARGUMENT", "CODE_EMPTY"),
        jobs.Execute(negative, metadata=key): ("INVALID_ARGUMENT", "VALIDATION_FAILED"),
        jobs.Execute(large, metadata=key): ("RESOURCE_EXHAUSTED", "BODY_TOO_LARGE"),
        jobs.GetJob(job_pb2.GetJobRequest(job_id="x"), metadata=key): (
            "NOT_FOUND",
            "JOB_NOT_FOUND",
        ),
        keys.ListApiKeys(auth_pb2.ListApiKeysRequest(), metadata=key): (
            "UNAUTHENTICATED",
            "CREDENTIAL_UNSUITABLE",
        ),
        jobs.GetStatus(job_pb2.GetStatusRequest(), metadata=session): (
            "UNAUTHENTICATED",
            "CREDENTIAL_UNSUITABLE",
        ),
        raw(get_job, b"\xff\xff"): ("INVALID_ARGUMENT", "REQUEST_UNREADABLE"),
        raw(get_job, b"\x0a\x01\xff"): ("INVALID_ARGUMENT", "REQUEST_UNREADABLE"),
        raw("/ignis.v1.JobService/Nonsense", b""): ("UNIMPLEMENTED", "ROUTE_UNKNOWN"),
        raw("/ignis.v1.ExecutorService/Cancel", b""): ("UNIMPLEMENTED", "ROUTE_UNKNOWN"),
        raw("/envoy.service.auth.v3.Authorization/Check", b""): ("UNIMPLEMENTED", "ROUTE_UNKNOWN"),
    }
    assert {call: await _refusal(call) for call in expected} == expected


async def test_health_is_asked_the_standard_way(channel: grpc.aio.Channel) -> None:
    """`grpc.health.v1` answers SERVING for the whole and for the job service."""
    health = health_pb2_grpc.HealthStub(channel)
    for service in ("", "ignis.v1.JobService"):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    watching = health.Watch(health_pb2.HealthCheckRequest(service=""))
    assert (await watching.read()).status == health_pb2.HealthCheckResponse.SERVING
    watching.cancel()


@pytest.mark.parametrize("path", REFLECTIONS)
async def test_reflection_shows_the_public_services(channel: grpc.aio.Channel, path: str) -> None:
    """Tools find every public service and its messages, and no internal service."""
    call = channel.stream_stream(
        f"/{path}/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )

    async def questions() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        for name in ("ignis.v1.JobService", "ignis.v1.AuthService", "ignis.v1.WebhookService"):
            yield reflection_pb2.ServerReflectionRequest(file_containing_symbol=name)

    listed, *files = [answer async for answer in call(questions())]
    names = {service.name for service in listed.list_services_response.service}
    assert names >= {"ignis.v1.JobService", "ignis.v1.AuthService", "ignis.v1.WebhookService"}
    assert "grpc.health.v1.Health" in names
    assert not any("Executor" in name or "Authorization" in name for name in names)
    assert [bool(file.file_descriptor_response.file_descriptor_proto) for file in files] == [
        True
    ] * 3


def test_grpc_web_is_answered_on_the_same_port(api: httpx.Client) -> None:
    """A browser's unary call gets its message and its trailers in the body."""
    answer = api.post(
        "/ignis.v1.JobService/GetStatus",
        content=b"\0\0\0\0\0",
        headers={"content-type": "application/grpc-web+proto"},
    )
    assert answer.status_code == 200
    assert b"python" in answer.content
    assert b"grpc-status:0" in answer.content
