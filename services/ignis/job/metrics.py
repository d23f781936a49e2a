"""What the job service counts and times."""

from collections.abc import Iterable

from ignis.job.models import Depth, Ended
from ignis.server.metrics import Metrics


class JobMetrics:
    """`ignis_job_…`, beside what every service has."""

    def __init__(self, metrics: Metrics) -> None:
        self._errors = metrics.errors
        self._submitted = metrics.counter("submitted_total", "Jobs accepted.", "language")
        self._ended = metrics.counter("ended_total", "Jobs ended.", "status", "verdict")
        self._end_seconds = metrics.histogram("end_seconds", "Time from accepted to ended.")
        self._queued = metrics.histogram("queued_seconds", "Time from accepted to started.")
        self._republished = metrics.counter(
            "republished_total", "Jobs handed to JetStream again, because it had lost them."
        )
        self._waiting = metrics.gauge("queue_waiting", "Jobs that wait for their turn.", "pool")
        self._published = metrics.gauge(
            "queue_published", "Jobs that are handed to JetStream and have not ended.", "pool"
        )

    def submitted(self, language: str) -> None:
        """Count a job that was accepted."""
        self._submitted.labels(language).inc()

    def ended(self, ended: Ended) -> None:
        """Count and time a job that has ended; clocks of two machines may disagree a little."""
        self._ended.labels(ended.status.value, ended.verdict).inc()
        taken = (ended.finished_at - ended.created_at).total_seconds()
        self._end_seconds.observe(max(taken, 0))
        if ended.started_at is not None:
            queued = (ended.started_at - ended.created_at).total_seconds()
            self._queued.observe(max(queued, 0))

    def republished(self) -> None:
        """Count a job that JetStream had lost."""
        self._republished.inc()

    def queued(self, depths: Iterable[Depth]) -> None:
        """Set how deep the queue is; a pool that isn't named has nothing in it."""
        self._waiting.clear()
        self._published.clear()
        for depth in depths:
            self._waiting.labels(depth.pool).set(depth.waiting)
            self._published.labels(depth.pool).set(depth.published)

    def failed(self, where: str) -> None:
        """Count a failure of Ignis itself."""
        self._errors.labels(where).inc()
