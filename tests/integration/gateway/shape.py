"""What every error of the API must look like."""

from typing import Any

import httpx


def error_of(response: httpx.Response) -> dict[str, Any]:
    """Check that an answer is an error in the one shape, and return the error."""
    assert response.headers["content-type"] == "application/json", response.text
    assert response.headers["server"] == "ignis"
    assert response.headers["x-request-id"]
    assert set(response.json()) == {"error"}
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"code", "reason", "message", "details"}, error
    assert error["message"]
    assert isinstance(error["details"], list)
    internal = [name for name in response.headers if name.startswith(("x-ignis-", "x-envoy-"))]
    assert internal == []
    assert [name for name in response.headers if name.startswith("grpc-")] == []
    return error


def summary_of(response: httpx.Response) -> tuple[int, str, str]:
    """Return an error's HTTP status, code and reason, after checking its shape."""
    error = error_of(response)
    return response.status_code, error["code"], error["reason"]
