"""Metrics."""

from ignis.server.metrics import Metrics


def test_names_begin_with_the_room() -> None:
    """Every metric of a room is `ignis_<room>_…`; only the process's own are not."""
    metrics = Metrics("job")
    metrics.counter("jobs_total", "Jobs.", "status").labels("completed").inc()
    metrics.gauge("slots", "Slots.").set(4)
    metrics.histogram("wait_seconds", "Waits.").observe(0.3)
    told = metrics.render().decode()

    assert 'ignis_job_jobs_total{status="completed"} 1.0' in told
    assert "ignis_job_slots 4.0" in told
    assert 'ignis_job_wait_seconds_bucket{le="0.5"} 1.0' in told
    names = {line.split("{")[0].split()[0] for line in told.splitlines() if line[0] != "#"}
    assert {"ignis", "process"} == {name.split("_")[0] for name in names}


def test_two_rooms_do_not_share() -> None:
    """Several rooms in one process, as in tests, count apart."""
    one, other = Metrics("job"), Metrics("job")
    one.errors.labels("x").inc()

    assert b'errors_total{where="x"} 1.0' in one.render()
    assert b'where="x"' not in other.render()
