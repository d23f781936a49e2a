"""The names of subjects."""

from fnmatch import fnmatch

from ignis.events import subjects


def matches(subject: str, pattern: str) -> bool:
    """Tell whether a pattern of NATS takes a subject."""
    parts, wanted = subject.split("."), pattern.split(".")
    if wanted[-1] == ">":
        return len(parts) >= len(wanted) and parts[: len(wanted) - 1] == wanted[:-1]
    return len(parts) == len(wanted) and all(
        fnmatch(part, one) for part, one in zip(parts, wanted, strict=True)
    )


def test_jobs_are_in_the_stream_and_in_their_pool_alone() -> None:
    """A job goes to the one consumer of its pool: filters of a work queue may not overlap."""
    job = subjects.job("gpu", "01K")

    assert matches(job, subjects.ALL_JOBS)
    assert matches(job, subjects.pool_jobs("gpu"))
    assert not matches(job, subjects.pool_jobs("default"))
    assert subjects.pool_consumer("gpu") != subjects.pool_consumer("default")


def test_ends_are_told_from_all_other_events() -> None:
    """Every event is in the stream; the filter of ends takes ends alone."""
    end = subjects.event("01K", subjects.END)
    started = subjects.event("01K", subjects.STARTED)
    output = subjects.event("01K", subjects.OUTPUT)

    for event in (end, started, output):
        assert matches(event, subjects.ALL_EVENTS)
        assert matches(event, subjects.ALL_ENDS) == (event == end)
        assert matches(event, subjects.ALL_STARTS) == (event == started)


def test_streams_do_not_overlap() -> None:
    """No message belongs to two streams."""
    assert not matches(subjects.job("p", "1"), subjects.ALL_EVENTS)
    assert not matches(subjects.event("1", subjects.END), subjects.ALL_JOBS)
