"""Domain errors."""

import grpc
import pytest

from ignis import errors
from ignis.errors import Code, IgnisError, NotFound, Violation, invalid


def test_an_error_carries_what_its_reader_needs() -> None:
    """Code, reason, message and details are all there for the one who answers."""
    error = NotFound("JOB_NOT_FOUND", "List your jobs.", metadata={"id": "1"}, retry_after=2)

    assert (Code.NOT_FOUND, "JOB_NOT_FOUND", "List your jobs.") == (
        error.code,
        error.reason,
        error.message,
    )
    assert ({"id": "1"}, 2, ()) == (error.metadata, error.retry_after, error.violations)
    assert "List your jobs." == str(error)


def test_an_error_of_all_that_is_wrong_names_all_of_it() -> None:
    """The message says each violation, for those who read nothing else."""
    found = [Violation("url", "required"), Violation("events[1]", "unknown")]
    error = invalid(found)

    assert "url: required; events[1]: unknown" == error.message
    assert tuple(found) == error.violations
    assert (Code.INVALID_ARGUMENT, "VALIDATION_FAILED") == (error.code, error.reason)


@pytest.mark.parametrize("code", Code)
def test_every_code_is_one_of_grpcs(code: Code) -> None:
    """A code that gRPC doesn't know could not be answered."""
    assert code.name == grpc.StatusCode[code.value].name


@pytest.mark.parametrize("code", Code)
def test_every_code_has_its_error(code: Code) -> None:
    """There is one class of errors for each code."""
    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, IgnisError) and kind is not IgnisError
    ]

    assert 1 == sum(kind.code is code for kind in classes)
