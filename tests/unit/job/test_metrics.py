"""What the job service counts, as Prometheus reads it."""

from datetime import timedelta

import pytest
from tests.unit.job.factories import NOON, ended

from ignis.job.metrics import JobMetrics
from ignis.job.models import Depth
from ignis.server.metrics import Metrics


class Read:
    """Metrics, and what they read."""

    def __init__(self) -> None:
        self._metrics = Metrics("job")
        self.jobs = JobMetrics(self._metrics)

    def lines(self) -> list[str]:
        """The lines of the answer."""
        return self._metrics.render().decode().splitlines()


@pytest.fixture(name="read")
def read_fixture() -> Read:
    """Metrics in which nothing is counted."""
    return Read()


def test_jobs_are_counted(read: Read) -> None:
    """Submitted by language, ended by status and verdict, lost ones and failures as such."""
    read.jobs.submitted("python")
    read.jobs.ended(ended())
    read.jobs.republished()
    read.jobs.failed("relay")

    assert {
        'ignis_job_submitted_total{language="python"} 1.0',
        'ignis_job_ended_total{status="failed",verdict="runtime_error"} 1.0',
        "ignis_job_republished_total 1.0",
        'ignis_job_errors_total{where="relay"} 1.0',
    } <= set(read.lines())


def test_ends_are_timed(read: Read) -> None:
    """From accepted to started and to ended; a job that never started has no time in the queue."""
    read.jobs.ended(ended())
    read.jobs.ended(ended(started_at=None))
    early = NOON - timedelta(seconds=5)
    read.jobs.ended(ended(started_at=early, finished_at=early))

    assert {
        "ignis_job_end_seconds_count 3.0",
        "ignis_job_end_seconds_sum 4.0",
        "ignis_job_queued_seconds_count 2.0",
        "ignis_job_queued_seconds_sum 1.0",
    } <= set(read.lines())


def test_depths_are_those_of_now(read: Read) -> None:
    """A pool in which nothing is any more is not shown as it was."""
    read.jobs.queued([Depth("a", 3, 4), Depth("b", 1, 1)])
    read.jobs.queued([Depth("a", 5, 6)])

    depths = [line for line in read.lines() if line.startswith("ignis_job_queue_")]
    assert depths == [
        'ignis_job_queue_waiting{pool="a"} 5.0',
        'ignis_job_queue_published{pool="a"} 6.0',
    ]
