"""Wires the executor and runs it: `python -m ignis.executor`."""

from ignis.events import connection, streams
from ignis.events.consumer import Consumer
from ignis.events.executors import Announcer
from ignis.events.publisher import Publisher
from ignis.executor import wiring
from ignis.executor.announcer import Announcements
from ignis.executor.consumer import JobConsumer, subscription
from ignis.executor.metrics import JobMetrics
from ignis.executor.servicer import NAME, ExecutorServicer
from ignis.executor.settings import ExecutorSettings
from ignis.executor.warmth import all_full
from ignis.server.lifecycle import App, run
from ignis.v1 import executor_pb2_grpc


async def build(app: App, settings: ExecutorSettings) -> None:
    """Find toolchains, prove the sandbox, then take jobs."""
    nats = await app.enter(connection.connect(settings.nats_url.get_secret_value(), "executor"))
    await streams.ensure(nats)
    app.health.depends_on("nats", lambda: connection.ping(nats))
    found = await wiring.toolchains(settings)
    sandbox = await app.enter(wiring.sandbox(settings, found))
    executor, offered = await wiring.proven(settings, sandbox, found)
    described = wiring.description(settings, sandbox.info(), offered)
    announcements = Announcements(Announcer(nats), described, executor)
    metrics = JobMetrics(app.metrics, settings.slots)
    jobs = JobConsumer(described.id, executor, Publisher(nats), settings.job_max_attempts, metrics)
    taking = subscription(settings.executor_pool, settings.slots)
    consumer = Consumer(nats, taking, jobs.handle, app.metrics)
    app.on_drain(announcements.stop)
    app.on_drain(consumer.drain)
    app.spawn("announcements", announcements.run())
    app.spawn("jobs", consumer.run())
    app.spawn("caches", all_full(offered))
    servicer = ExecutorServicer(announcements)
    app.serve(
        NAME,
        lambda server: executor_pb2_grpc.add_ExecutorServiceServicer_to_server(servicer, server),
    )


if __name__ == "__main__":
    run("executor", ExecutorSettings, build)
