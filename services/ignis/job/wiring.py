"""How the parts of the job service are put together."""

from dataclasses import dataclass
from pathlib import Path

from ignis.events import broadcast, subjects
from ignis.events.connection import Nats
from ignis.events.consumer import Consumer
from ignis.events.executors import ExecutorDirectory
from ignis.events.publisher import Publisher
from ignis.job import codec
from ignis.job.consumer import EVENTS, EventConsumer
from ignis.job.ends import Ends
from ignis.job.health import HealthReport
from ignis.job.metrics import JobMetrics
from ignis.job.offers import ExecutorOffers
from ignis.job.partitions.service import Retention
from ignis.job.partitions.store import PartitionStore
from ignis.job.queue.depths import sample
from ignis.job.queue.dispatcher import Dispatcher
from ignis.job.queue.relay import Patience, Relay
from ignis.job.queue.store import QueueStore
from ignis.job.service import JobService, LimitSettings
from ignis.job.servicer import NAME, JobServicer
from ignis.job.settings import JobSettings
from ignis.job.store import JobStore
from ignis.job.stream import JobStream
from ignis.languages import loader
from ignis.server.lifecycle import App
from ignis.storage.postgres import Pool
from ignis.v1 import job_pb2_grpc


@dataclass(frozen=True, slots=True)
class Tracked:
    """What serving needs of tracking."""

    jobs: JobStore
    offers: ExecutorOffers
    dispatcher: Dispatcher
    ends: Ends
    metrics: JobMetrics


async def track(
    app: App, settings: JobSettings, pool: Pool, nats: Nats, directory: ExecutorDirectory
) -> Tracked:
    """Keep the queue moving: release, relay, store ends, keep partitions."""
    metrics = JobMetrics(app.metrics)
    retention = Retention(PartitionStore(pool), settings.job_retention_days, metrics)
    await retention.apply()
    app.spawn("retention", retention.run())

    languages = loader.load(Path(settings.languages_dir) if settings.languages_dir else None)
    offers = ExecutorOffers(
        directory, languages, settings.window_per_slot, settings.user_window_per_slot
    )
    jobs, queue, stream = JobStore(pool), QueueStore(pool), JobStream(Publisher(nats))
    dispatcher = Dispatcher(queue, stream, offers, metrics)
    ends = Ends(jobs, stream, dispatcher, metrics)
    patience = Patience(settings.relay_after, settings.queue_timeout)
    app.spawn("dispatcher", dispatcher.run())
    app.spawn("relay", Relay(queue, stream, ends, dispatcher, patience, metrics).run())
    app.spawn("queue depths", sample(queue, metrics))

    events = EventConsumer(ends)
    consumer = Consumer(nats, EVENTS, events.handle, app.metrics)
    await app.enter(broadcast.listen(nats, subjects.ALL_ENDS, events.hear))
    app.spawn("events", consumer.run())
    app.on_drain(consumer.drain)
    app.on_drain(ends.drain)
    return Tracked(jobs, offers, dispatcher, ends, metrics)


def serve(
    app: App, settings: JobSettings, pool: Pool, directory: ExecutorDirectory, tracked: Tracked
) -> None:
    """Serve clients."""
    limits = LimitSettings(settings.default_limits, settings.maximum_limits)
    service = JobService(
        tracked.jobs,
        tracked.offers,
        tracked.dispatcher,
        tracked.ends,
        limits,
        codec.job_message,
        tracked.metrics,
    )
    servicer = JobServicer(service, HealthReport(app.health, pool, directory))
    app.serve(NAME, lambda server: job_pb2_grpc.add_JobServiceServicer_to_server(servicer, server))
