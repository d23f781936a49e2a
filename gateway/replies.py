"""The errors that Envoy itself answers, in the shape of all errors of Ignis."""

import json
from dataclasses import dataclass, field
from typing import Any

from gateway.limits import MAX_BODY_BYTES, MAX_HEADERS_KIB

Json = dict[str, Any]

_GRPC = (
    "'content-type' in request.headers"
    " && request.headers['content-type'].startsWith('application/grpc')"
    " && !('x-envoy-original-path' in request.headers)"
)
_CEL = "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
_BODY = "%LOCAL_REPLY_BODY%"


@dataclass(frozen=True)
class Reply:
    """An error of Envoy's own: when it applies, and what callers read.

    `when` is a CEL expression over the answer. `message` may hold Envoy's
    format commands; the default is the text that Envoy or auth wrote.
    """

    when: str
    code: str
    grpc_status: int
    reason: str
    message: str = _BODY
    headers: dict[str, str] = field(default_factory=dict)


_RETRY_SOON = {"retry-after": "1"}

# The first that applies is taken.
REPLIES = (
    Reply(
        "response.code == 400 && response.code_details.contains('grpc_json_transcode_failure')",
        "INVALID_ARGUMENT",
        3,
        # errors.lua says more precisely what was wrong.
        "MALFORMED_JSON",
    ),
    Reply(
        "response.code_details == 'path_normalization_failed'",
        "INVALID_ARGUMENT",
        3,
        "PATH_INVALID",
        "The path holds an escaped slash (%%2F or %%5C) or is not well-formed; ids hold none.",
    ),
    Reply(
        "response.code_details == 'http1.unexpected_underscore'",
        "INVALID_ARGUMENT",
        3,
        "HEADER_NAME_INVALID",
        "A header's name holds an underscore; write a hyphen instead.",
    ),
    Reply("response.code == 401", "UNAUTHENTICATED", 16, "UNAUTHENTICATED"),
    Reply("response.code == 403", "PERMISSION_DENIED", 7, "PERMISSION_DENIED"),
    Reply(
        "response.code == 404",
        "NOT_FOUND",
        12,
        "ROUTE_UNKNOWN",
        "There is nothing at this path; check its spelling against the API's reference.",
    ),
    Reply("response.code == 405", "UNIMPLEMENTED", 12, "METHOD_NOT_ALLOWED"),
    Reply(
        "response.code == 408",
        "DEADLINE_EXCEEDED",
        4,
        "REQUEST_TIMEOUT",
        "The request did not arrive in time; send it again, and all of it within a minute.",
    ),
    Reply(
        "response.code == 413",
        "RESOURCE_EXHAUSTED",
        8,
        "BODY_TOO_LARGE",
        f"The request is larger than {MAX_BODY_BYTES >> 20} MiB; send less.",
    ),
    Reply("response.code == 415", "INVALID_ARGUMENT", 3, "UNSUPPORTED_MEDIA_TYPE"),
    Reply("response.code == 429", "RESOURCE_EXHAUSTED", 8, "RATE_LIMITED"),
    Reply(
        "response.code == 431",
        "INVALID_ARGUMENT",
        3,
        "HEADERS_TOO_LARGE",
        f"The headers are larger than {MAX_HEADERS_KIB} KiB; send fewer or shorter ones.",
    ),
    Reply(
        "response.code == 501",
        "UNIMPLEMENTED",
        12,
        "TRANSFER_ENCODING_UNSUPPORTED",
        "The gateway knows no such transfer-encoding; send the body as it is, or chunked.",
    ),
    Reply(
        "response.code == 503 && response.code_details == 'ext_authz_denied'",
        "UNAVAILABLE",
        14,
        "SERVICE_UNAVAILABLE",
        headers=_RETRY_SOON,
    ),
    Reply(
        "response.code == 503",
        "UNAVAILABLE",
        14,
        "SERVICE_UNAVAILABLE",
        "Ignis cannot answer this at the moment; try again in a few seconds.",
        _RETRY_SOON,
    ),
    Reply(
        "response.code == 504",
        "DEADLINE_EXCEEDED",
        4,
        "UPSTREAM_TIMEOUT",
        "Ignis took too long to answer; try again.",
    ),
    Reply(
        "response.code >= 500",
        "INTERNAL",
        13,
        "INTERNAL",
        "Something went wrong inside Ignis; try again, and report the x-request-id"
        " of this answer if it goes on.",
    ),
    Reply(
        "response.code >= 400 && response.code_details == 'ext_authz_denied'",
        "INVALID_ARGUMENT",
        3,
        "BAD_REQUEST",
    ),
    Reply(
        "response.code >= 400",
        "INVALID_ARGUMENT",
        3,
        "BAD_REQUEST",
        "The gateway cannot read this request (%RESPONSE_CODE_DETAILS%).",
    ),
)


def mapper_lines() -> str:
    """Return Envoy's local reply mappers, one YAML list entry a line.

    gRPC callers get plain text, which Envoy puts into `grpc-message`.
    """
    mappers = [mapper(reply) for reply in REPLIES for mapper in (_grpc_mapper, _json_mapper)]
    return "\n".join(f"- {json.dumps(mapper)}" for mapper in mappers)


def _grpc_mapper(reply: Reply) -> Json:
    return {
        "filter": _when(f"{_GRPC} && {reply.when}"),
        "headers_to_add": [
            _header("grpc-status", str(reply.grpc_status), "OVERWRITE_IF_EXISTS_OR_ADD"),
            *_headers(reply),
        ],
        "body_format_override": {"text_format_source": {"inline_string": reply.message}},
    }


def _json_mapper(reply: Reply) -> Json:
    error = {
        "code": reply.code,
        "reason": "%RESP(X-IGNIS-REASON)%",
        "message": reply.message,
        "details": [],
    }
    return {
        "filter": _when(reply.when),
        "headers_to_add": _headers(reply),
        "body_format_override": {
            "json_format": {"error": error},
            "content_type": "application/json",
        },
    }


def _headers(reply: Reply) -> list[Json]:
    """Return the headers that a reply gets unless auth or a route gave it others.

    Envoy cuts off some requests before it makes a request id; those get one here.
    """
    wanted = {
        "x-ignis-reason": reply.reason,
        "x-request-id": "%UNIQUE_ID%",
        **reply.headers,
    }
    return [_header(key, value, "ADD_IF_ABSENT") for key, value in wanted.items()]


def _header(key: str, value: str, action: str) -> Json:
    return {"header": {"key": key, "value": value}, "append_action": action}


def _when(expression: str) -> Json:
    return {
        "extension_filter": {
            "name": "cel",
            "typed_config": {"@type": _CEL, "expression": expression},
        },
    }
