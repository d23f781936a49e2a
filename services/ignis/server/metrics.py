"""Prometheus metrics: one registry a process, names `ignis_<room>_<noun>_<unit>`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

# 1 ms to 60 s: from an answer out of memory to a job at its highest limit.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one room."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = self.counter("requests_total", "RPCs answered.", "method", "code")
        self.request_seconds = self.histogram("request_seconds", "Time to answer an RPC.", "method")
        self.errors = self.counter(
            "errors_total", "Failures of Ignis itself, by where they showed.", "where"
        )

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """Make a counter; its name ends in `_total`."""
        return Counter(f"ignis_{self._room}_{name}", text, labels, registry=self._registry)

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """Make a gauge."""
        return Gauge(f"ignis_{self._room}_{name}", text, labels, registry=self._registry)

    def histogram(self, name: str, text: str, *labels: str) -> Histogram:
        """Make a histogram of seconds."""
        return Histogram(
            f"ignis_{self._room}_{name}", text, labels, registry=self._registry, buckets=SECONDS
        )

    def render(self) -> bytes:
        """Write all metrics in Prometheus's text format."""
        return generate_latest(self._registry)
