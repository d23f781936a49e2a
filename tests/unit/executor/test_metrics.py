"""What the executor counts, as Prometheus reads it."""

from datetime import timedelta

import pytest
from tests.unit.executor.factories import GOOD, JOB
from tests.unit.job.factories import NOON

from ignis.executor.metrics import CompileMetrics, JobMetrics
from ignis.executor.models import Report, Verdict
from ignis.server.metrics import Metrics


def test_jobs_are_counted_and_timed() -> None:
    """By language and verdict; a job that never ran has no time, and no clock runs backwards."""
    metrics = Metrics("executor")
    jobs = JobMetrics(metrics, 4)
    second = timedelta(seconds=1)
    jobs.ended(JOB, Report(Verdict.ACCEPTED, "", NOON + second, GOOD))
    jobs.ended(JOB, Report(Verdict.ACCEPTED, "", NOON - second, GOOD))
    jobs.ended(JOB, Report(Verdict.INTERNAL_ERROR, ""))

    assert {
        'ignis_executor_jobs_total{language="python",verdict="accepted"} 2.0',
        'ignis_executor_jobs_total{language="python",verdict="internal_error"} 1.0',
        'ignis_executor_run_seconds_count{language="python"} 2.0',
        "ignis_executor_queued_seconds_count 2.0",
        "ignis_executor_queued_seconds_sum 1.0",
        "ignis_executor_slots 4.0",
    } <= set(metrics.render().decode().splitlines())


def test_compile_steps_are_counted() -> None:
    """Hits and misses are there from the start; evictions only grow."""
    metrics = Metrics("executor")
    steps = CompileMetrics(metrics)
    steps.looked(hit=True)
    steps.holds(100, 2)
    steps.holds(50, 3)

    assert {
        'ignis_executor_compile_cache_total{result="hit"} 1.0',
        'ignis_executor_compile_cache_total{result="miss"} 0.0',
        "ignis_executor_compile_cache_bytes 50.0",
        "ignis_executor_compile_cache_evictions_total 3.0",
    } <= set(metrics.render().decode().splitlines())


def test_running_jobs_are_counted_while_they_run() -> None:
    """The gauge goes back also when a job fails."""
    metrics = Metrics("executor")
    jobs = JobMetrics(metrics, 1)

    def fail() -> None:
        with jobs.running():
            assert b"ignis_executor_jobs_running 1.0" in metrics.render()
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail()

    assert b"ignis_executor_jobs_running 0.0" in metrics.render()
