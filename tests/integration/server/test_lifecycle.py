"""How a service starts, runs and stops."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import grpc
import grpc.aio
import pytest
import structlog.testing
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.integration.server.rooms import Keys, Servicer, credentials
from tests.waiting import until

from ignis.errors import Unavailable
from ignis.server import health as health_module
from ignis.server.lifecycle import App
from ignis.server.settings import ServiceSettings
from ignis.v1 import webhook_pb2 as pb
from ignis.v1.webhook_pb2_grpc import WebhookServiceStub, add_WebhookServiceServicer_to_server

NAME = "ignis.v1.WebhookService"
Build = Callable[[App], Awaitable[None]]


def make(**settings: object) -> App:
    """A service on any free ports."""
    usual = {"grpc_host": "127.0.0.1", "grpc_port": 0, "metrics_host": "127.0.0.1"}
    return App("test", ServiceSettings.model_validate({**usual, "metrics_port": 0, **settings}))


def resource(events: list[str], name: str) -> object:
    """Something that tells when it is opened and closed."""

    @asynccontextmanager
    async def open_it() -> AsyncIterator[str]:
        events.append(f"open {name}")
        try:
            yield name
        finally:
            events.append(f"close {name}")

    return open_it()


def serve(app: App, servicer: Servicer) -> None:
    """Serve WebhookService."""
    app.trust(Keys())
    app.serve(NAME, partial(add_WebhookServiceServicer_to_server, servicer))


@asynccontextmanager
async def running(app: App, build: Build) -> AsyncIterator[asyncio.Task[int]]:
    """Run a service, and stop it at the end if it still runs."""
    task = asyncio.create_task(app.run(build))
    await until(lambda: task.done() or app.health.ready)
    yield task
    if not task.done():
        app.stop()
    await asyncio.wait([task], timeout=10)
    assert task.done()


async def nothing(_: App) -> None:
    """Build a service of nothing."""


async def test_sigterm_ends_it_with_0_and_closes_in_reverse() -> None:
    """What was opened last is closed first, after the work has stopped."""
    app, events = make(), list[str]()

    async def build(app: App) -> None:
        await app.enter(resource(events, "database"))  # type: ignore[arg-type]  # a context manager
        await app.enter(resource(events, "nats"))  # type: ignore[arg-type]  # as above
        app.on_drain(partial(note, events, "drained"))

    async with running(app, build) as task:
        os.kill(os.getpid(), signal.SIGTERM)
        assert 0 == await asyncio.wait_for(task, 5)

    assert [
        "open database",
        "open nats",
        "drained",
        "close nats",
        "close database",
    ] == events


async def note(events: list[str], what: str) -> None:
    """Note that something happened."""
    events.append(what)


async def test_a_start_that_fails_half_way_closes_what_was_opened() -> None:
    """Resources are closed, tasks ended before them, and the error is passed on."""
    app, events = make(), list[str]()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            events.append("task ended")

    async def build(app: App) -> None:
        await app.enter(resource(events, "database"))  # type: ignore[arg-type]  # a context manager
        app.spawn("work", work())
        await asyncio.sleep(0)
        raise Unavailable("NO", "There is no NATS.")

    with pytest.raises(Unavailable):
        await app.run(build)

    assert ["open database", "task ended", "close database"] == events


async def test_sigterm_during_the_start_ends_it_at_once() -> None:
    """A service that waits for its database can be told to stop, and that is no failure."""
    app, events = make(), list[str]()
    begun = asyncio.Event()

    async def build(app: App) -> None:
        await app.enter(resource(events, "nats"))  # type: ignore[arg-type]  # a context manager
        begun.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(app.run(build))
    await begun.wait()
    os.kill(os.getpid(), signal.SIGTERM)

    assert 0 == await asyncio.wait_for(task, 5)
    assert ["open nats", "close nats"] == events


async def test_an_rpc_that_runs_may_finish() -> None:
    """SIGTERM lets a call that is under way end well, while new work is refused."""
    app, servicer = make(), Servicer()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def behave() -> None:
        begun.set()
        await go_on.wait()

    servicer.behaviour = behave

    async def build(app: App) -> None:
        serve(app, servicer)

    async with (
        running(app, build) as task,
        grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel,
    ):
        call = WebhookServiceStub(channel).GetWebhook(
            pb.GetWebhookRequest(), metadata=credentials()
        )
        answer = asyncio.ensure_future(call)
        await begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: not app.health.ready)
        await asyncio.sleep(0.05)
        assert not answer.done()
        go_on.set()

        assert pb.GetWebhookResponse() == await asyncio.wait_for(answer, 5)
        assert 0 == await asyncio.wait_for(task, 5)


async def test_the_grace_is_one_for_all() -> None:
    """Drains and RPCs that never end are cut together when the grace is over."""
    app, servicer = make(shutdown_grace=0.5), Servicer()
    begun = asyncio.Event()

    async def behave() -> None:
        begun.set()
        await asyncio.sleep(60)

    servicer.behaviour = behave

    async def build(app: App) -> None:
        serve(app, servicer)
        app.on_drain(partial(asyncio.sleep, 60))

    async with (
        running(app, build) as task,
        grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel,
    ):
        call = WebhookServiceStub(channel).GetWebhook(
            pb.GetWebhookRequest(), metadata=credentials()
        )
        answer = asyncio.ensure_future(call)
        await begun.wait()
        began = asyncio.get_running_loop().time()
        app.stop()
        assert 0 == await asyncio.wait_for(task, 5)
        took = asyncio.get_running_loop().time() - began
        with pytest.raises(grpc.aio.AioRpcError):
            await answer

    assert 0.4 < took < 0.95


async def test_a_task_that_dies_ends_the_service() -> None:
    """A consumer that broke is not left unnoticed: the process ends with 1."""
    app, events = make(), list[str]()

    async def die() -> None:
        await asyncio.sleep(0.05)
        raise ValueError("broken")

    async def build(app: App) -> None:
        app.on_drain(partial(note, events, "drained"))
        app.spawn("consumer", die())

    with structlog.testing.capture_logs() as logs:
        assert 1 == await asyncio.wait_for(app.run(build), 5)

    assert ["drained"] == events
    assert "consumer: broken" in [one.get("failure") for one in logs]


async def test_a_task_that_returns_ends_the_service_too() -> None:
    """What shall run for as long as the service does may not just stop."""

    async def build(app: App) -> None:
        app.spawn("consumer", asyncio.sleep(0.01))

    assert 1 == await asyncio.wait_for(make().run(build), 5)


async def test_a_task_that_dies_during_the_start_ends_it() -> None:
    """The start is given up when what it started has failed already."""

    async def die() -> None:
        raise ValueError("broken")

    async def build(app: App) -> None:
        app.spawn("consumer", die())
        await asyncio.sleep(60)

    assert 1 == await asyncio.wait_for(make().run(build), 5)


async def test_a_drain_that_fails_keeps_no_other_from_draining() -> None:
    """Everything is drained, and the failure shows in the status."""
    app, events = make(), list[str]()

    async def fail() -> None:
        raise ValueError("broken")

    async def build(app: App) -> None:
        app.on_drain(fail)
        app.on_drain(partial(note, events, "drained"))

    async with running(app, build) as task:
        app.stop()
        assert 1 == await asyncio.wait_for(task, 5)

    assert ["drained"] == events


@pytest.mark.parametrize("name", ["grpc", "metrics"])
async def test_a_port_that_is_taken_is_one_sentence(name: str) -> None:
    """The error names the variables to change, and what was opened is closed."""
    events = list[str]()
    listening = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]

    async def build(app: App) -> None:
        await app.enter(resource(events, "database"))  # type: ignore[arg-type]  # a context manager

    with pytest.raises(Unavailable, match=f"{name.upper()}_PORT") as caught:
        await make(**{f"{name}_port": port}).run(build)
    listening.close()
    await listening.wait_closed()

    assert "PORT_TAKEN" == caught.value.reason
    assert ["open database", "close database"] == events


async def test_health_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each service and the whole say NOT_SERVING, SERVING, and at the drain NOT_SERVING."""
    monkeypatch.setattr(health_module, "INTERVAL", 0.01)
    app, away = make(), True
    draining = asyncio.Event()

    async def ping() -> None:
        if away:
            raise ConnectionError

    async def build(app: App) -> None:
        serve(app, Servicer())
        app.health.depends_on("database", ping)
        app.on_drain(draining.wait)

    task = asyncio.create_task(app.run(build))
    await until(lambda: app.port > 0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel:
        check = health_pb2_grpc.HealthStub(channel).Check

        async def says(wanted: int) -> bool:
            asked = [
                await check(health_pb2.HealthCheckRequest(service=name), wait_for_ready=True)
                for name in ("", NAME)
            ]
            return {wanted} == {answer.status for answer in asked}

        assert await says(health_pb2.HealthCheckResponse.NOT_SERVING)
        away = False
        await until(lambda: says(health_pb2.HealthCheckResponse.SERVING))
        app.stop()
        await until(lambda: says(health_pb2.HealthCheckResponse.NOT_SERVING))
        draining.set()
    assert 0 == await asyncio.wait_for(task, 10)


async def test_reflection_names_what_there_is() -> None:
    """Tools such as grpcurl find the public services without our protos, at any of ours."""
    app = make()
    async with (
        running(app, nothing),
        grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel,
    ):
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        answers = [answer async for answer in stub.ServerReflectionInfo(iter([request]))]

    names = {service.name for service in answers[0].list_services_response.service}
    assert {NAME, "ignis.v1.JobService", "grpc.health.v1.Health"} <= names
