"""What the executor counts and times."""

from collections.abc import Iterator
from contextlib import contextmanager

from ignis.executor.models import Job, Report
from ignis.server.metrics import Metrics


class CompileMetrics:
    """`ignis_executor_compile_cache_…`."""

    def __init__(self, metrics: Metrics) -> None:
        self._looked = metrics.counter(
            "compile_cache_total", "Compile steps by whether their result was known.", "result"
        )
        self._bytes = metrics.gauge("compile_cache_bytes", "Bytes of compiled programs kept.")
        self._evicted = metrics.counter(
            "compile_cache_evictions_total", "Compiled programs that were too many or too old."
        )
        self._seen = 0
        for result in ("hit", "miss"):
            self._looked.labels(result)

    def looked(self, *, hit: bool) -> None:
        """Count a compile step that was looked for."""
        self._looked.labels("hit" if hit else "miss").inc()

    def holds(self, size: int, evicted: int) -> None:
        """Note how many bytes are kept, and how many entries had to go since the start."""
        self._bytes.set(size)
        self._evicted.inc(max(evicted - self._seen, 0))
        self._seen = max(evicted, self._seen)


class JobMetrics:
    """`ignis_executor_…`, beside what every service has."""

    def __init__(self, metrics: Metrics, slots: int) -> None:
        self._jobs = metrics.counter("jobs_total", "Jobs ended here.", "language", "verdict")
        self._seconds = metrics.histogram("run_seconds", "Wall time of the run step.", "language")
        self._queued = metrics.histogram("queued_seconds", "Time from accepted to started.")
        self._running = metrics.gauge("jobs_running", "Jobs that run now.")
        metrics.gauge("slots", "Jobs that can run at once.").set(slots)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count a job while it runs."""
        self._running.inc()
        try:
            yield
        finally:
            self._running.dec()

    def ended(self, job: Job, report: Report) -> None:
        """Count a job that ended."""
        self._jobs.labels(job.language, report.verdict).inc()
        if report.outcome.run is not None:
            self._seconds.labels(job.language).observe(report.outcome.run.wall_time_ms / 1000)
        if report.started_at is not None:
            queued = (report.started_at - job.created_at).total_seconds()
            self._queued.observe(max(queued, 0))  # clocks of two machines may disagree
