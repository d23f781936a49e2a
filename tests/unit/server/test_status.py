"""Errors as statuses."""

from google.rpc import code_pb2, error_details_pb2

from ignis.errors import InvalidArgument, NotFound, Unavailable, Violation, invalid
from ignis.server.status import MAX_TEXT, to_status


def test_the_error_info_comes_first() -> None:
    """Reason, domain and metadata are in the first detail, whatever follows."""
    error = InvalidArgument(
        "BAD", "Mend it.", violations=[Violation("a", "b")], metadata={"k": "v"}, retry_after=1
    )
    status = to_status(error)
    info = error_details_pb2.ErrorInfo()

    assert status.details[0].Unpack(info)
    assert ("BAD", "ignis", {"k": "v"}) == (info.reason, info.domain, dict(info.metadata))
    assert (code_pb2.INVALID_ARGUMENT, "Mend it.") == (status.code, status.message)
    assert 3 == len(status.details)


def test_nothing_is_added_that_isnt_there() -> None:
    """An error without violations and without a time to retry has neither detail."""
    assert 1 == len(to_status(NotFound("X", "y")).details)


def test_violations_are_field_by_field() -> None:
    """Every violation is told with its field."""
    request = error_details_pb2.BadRequest()
    to_status(invalid([Violation("a", "b"), Violation("c[0]", "d")])).details[1].Unpack(request)

    assert [("a", "b"), ("c[0]", "d")] == [
        (one.field, one.description) for one in request.field_violations
    ]


def test_a_time_to_retry_has_milliseconds() -> None:
    """Parts of a second are not lost."""
    retry = error_details_pb2.RetryInfo()
    to_status(Unavailable("X", "y", retry_after=1.25)).details[1].Unpack(retry)

    assert 1.25 == retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9


def test_a_long_error_is_cut_to_fit_a_header() -> None:
    """However much is wrong, the status is small, starts as it would, and stays valid."""
    violations = [Violation(f"files[{i}]", "é" * 100) for i in range(1000)]
    status = to_status(invalid(violations))
    request = error_details_pb2.BadRequest()
    status.details[1].Unpack(request)

    assert status.ByteSize() < 4096
    assert len(status.message.encode()) <= MAX_TEXT + len("…".encode())
    assert status.message.startswith("files[0]: é")
    assert "files[0]" == request.field_violations[0].field
    assert len(request.field_violations) > 5
