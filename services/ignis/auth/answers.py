"""What Envoy is told: `CheckResponse`, allowed or denied."""

import math
from typing import Any

from envoy.config.core.v3 import base_pb2
from envoy.service.auth.v3 import external_auth_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2

from ignis.auth.gate import RateLimited
from ignis.auth.gcra import Decision
from ignis.errors import Code, IgnisError
from ignis.server.identity import IDENTITY_HEADER

REASON_HEADER = "x-ignis-reason"
# No service but this one sees what a caller has shown.
SECRETS = ("x-api-key", "authorization")
_AWAY = 503
_HTTP = {
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.RESOURCE_EXHAUSTED: 429,
}
# These messages come without types.
_auth: Any = external_auth_pb2
_core: Any = base_pb2


def allowed(token: str | None, limit: Decision | None) -> Message:
    """Let a request pass, with its identity, or as nobody's."""
    answer = _auth.CheckResponse()
    answer.status.code = code_pb2.OK
    ok = answer.ok_response
    ok.headers_to_remove.extend(SECRETS)
    if token is None:
        ok.headers_to_remove.append(IDENTITY_HEADER)
    else:
        _add(ok.headers, IDENTITY_HEADER, token)
    _add_limit(ok.response_headers_to_add, limit)
    return answer  # type: ignore[no-any-return]  # as above


def denied(error: IgnisError) -> Message:
    """Refuse a request: HTTP status, reason, and the message as plain text."""
    answer = _auth.CheckResponse()
    answer.status.code = code_pb2.Code.Value(error.code.value)
    answer.status.message = error.message
    no = answer.denied_response
    no.status.code = _HTTP.get(error.code, _AWAY)
    no.body = error.message
    _add(no.headers, REASON_HEADER, error.reason)
    _add(no.headers, "content-type", "text/plain; charset=utf-8")
    if error.code is Code.UNAUTHENTICATED:
        _add(no.headers, "www-authenticate", 'Bearer realm="ignis"')
    if error.retry_after is not None:
        _add(no.headers, "retry-after", str(max(1, math.ceil(error.retry_after))))
    _add_limit(no.headers, error.limit if isinstance(error, RateLimited) else None)
    return answer  # type: ignore[no-any-return]  # as above


def _add_limit(headers: Any, limit: Decision | None) -> None:  # noqa: ANN401 - as above
    if limit is not None:
        _add(headers, "x-ratelimit-limit", str(limit.limit))
        _add(headers, "x-ratelimit-remaining", str(limit.remaining))
        _add(headers, "x-ratelimit-reset", str(math.ceil(limit.reset)))


def _add(headers: Any, name: str, value: str) -> None:  # noqa: ANN401 - as above
    option = headers.add(append_action=_core.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD)
    option.header.key = name
    option.header.value = value
