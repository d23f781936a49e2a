"""What answers of the API look like."""

from typing import Any

import httpx
from tests.integration.gateway.shape import error_of

HTTP_CODES = {
    400: {"INVALID_ARGUMENT"},
    401: {"UNAUTHENTICATED"},
    403: {"PERMISSION_DENIED"},
    404: {"NOT_FOUND"},
    405: {"UNIMPLEMENTED"},
    409: {"ALREADY_EXISTS"},
    413: {"RESOURCE_EXHAUSTED"},
    415: {"INVALID_ARGUMENT"},
    429: {"RESOURCE_EXHAUSTED"},
    431: {"INVALID_ARGUMENT"},
}


def refused(answer: httpx.Response, status: int, reason: str | None = None) -> dict[str, Any]:
    """Check that a request was refused, in the one shape; return the error."""
    assert status == answer.status_code, answer.text
    error = error_of(answer)
    assert error["code"] in HTTP_CODES[status]
    if reason is not None:
        assert reason == error["reason"], error
    return error


def data_of(answer: httpx.Response, status: int = 200) -> Any:  # noqa: ANN401 - JSON
    """Check that a request succeeded; return its `data`."""
    assert status == answer.status_code, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    return answer.json()["data"]
