"""Messages in: what a request means when it leaves something out."""

from ignis.job.servicer import _filter, _request
from ignis.job.validation import RequestFile
from ignis.v1 import job_pb2 as pb


def test_what_is_absent_has_its_default() -> None:
    """An empty message has the default priority, no limits and no wait."""
    read = _request(pb.ExecuteRequest())

    assert (5, {}, 0, [], {}) == (read.priority, read.limits, read.wait, read.files, read.env)


def test_zero_is_something() -> None:
    """A priority or a limit of 0 was asked for, and is not taken for absent."""
    read = _request(pb.ExecuteRequest(priority=0, limits=pb.Limits(memory_kb=0)))

    assert (0, {"memory_kb": 0}) == (read.priority, read.limits)


def test_every_field_is_read() -> None:
    """A full message arrives in full, with maps in one order."""
    read = _request(
        pb.ExecuteRequest(
            language="py",
            code="c",
            files=[pb.SourceFile(name="n", content="x", encoding="base64")],
            stdin="in",
            args=["a"],
            env={"b": "2", "a": "1"},
            compile_args=["-O"],
            wait=1.5,
            priority=7,
            idempotency_key="k",
            labels={"z": "", "y": ""},
        )
    )

    assert ("py", "c", "in", ["a"], ["-O"], 1.5, 7, "k") == (
        read.language,
        read.code,
        read.stdin,
        read.args,
        read.compile_args,
        read.wait,
        read.priority,
        read.idempotency_key,
    )
    assert [RequestFile("n", "x", "base64")] == read.files
    assert (["a", "b"], ["y", "z"]) == (list(read.env), list(read.labels))


def test_an_empty_filter_chooses_all() -> None:
    """Filters that aren't there are None."""
    chosen = _filter(pb.ListJobsRequest())

    assert (chosen.status, chosen.language, chosen.created_after, chosen.created_before) == (
        None,
        None,
        None,
        None,
    )
