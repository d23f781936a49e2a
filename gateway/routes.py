"""The gateway's routes, as YAML lines, made from the RPCs of the contract."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gateway.contract import Binding, Rpc
from gateway.limits import MAX_BODY_BYTES

Json = dict[str, Any]

# An answer is due within this many seconds; the longest `wait` is 60 s.
_TIMEOUT = "15s"
_WAITING_TIMEOUT = "75s"
_STREAM_TIMEOUT = "0s"
_STREAM_IDLE_TIMEOUT = "120s"

# gRPC's own services, for tools such as grpcurl, and what the job service, which
# answers them, calls them. Reflection v1 has v1alpha's messages.
_REFLECTION = "grpc.reflection.v1alpha.ServerReflection"
_TOOLING = {
    "grpc.health.v1.Health": "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection": _REFLECTION,
    _REFLECTION: _REFLECTION,
}
_TOOLING_CLUSTER = "job"

_FILTERS = "type.googleapis.com/envoy.extensions.filters.http."
_NO_AUTH: Json = {
    "envoy.filters.http.ext_authz": {
        "@type": f"{_FILTERS}ext_authz.v3.ExtAuthzPerRoute",
        "disabled": True,
    },
}
# An empty configuration switches the transcoder off for a route.
_NO_TRANSCODER: Json = {
    "envoy.filters.http.grpc_json_transcoder": {
        "@type": f"{_FILTERS}grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor_bin": "",
    },
}
_NO_BUFFER: Json = {
    "envoy.filters.http.buffer": {
        "@type": f"{_FILTERS}buffer.v3.BufferPerRoute",
        "disabled": True,
    },
}
_GRPC_BODY: Json = {"name": "content-type", "string_match": {"prefix": "application/grpc"}}


def cluster_of(service: str) -> str:
    """Return the cluster that serves a service: `job` for `ignis.v1.JobService`."""
    return service.rpartition(".")[2].removesuffix("Service").lower()


def transcoded_services(rpcs: Iterable[Rpc]) -> list[str]:
    """Return the services with at least one REST path, each once."""
    return list(dict.fromkeys(rpc.service for rpc in rpcs if rpc.bindings))


def clusters(rpcs: Iterable[Rpc]) -> dict[str, str]:
    """Return each cluster's name with the service that its health check asks for."""
    return {cluster_of(rpc.service): rpc.service for rpc in rpcs}


def route_lines(rpcs: list[Rpc]) -> str:
    """Return all routes, first match first, one YAML list entry a line.

    gRPC comes first: after transcoding, Envoy chooses again by the gRPC path,
    so that REST and gRPC callers meet the same timeouts and the same auth.
    """
    routes = [_too_large_route(), *_grpc_routes(rpcs), *_rest_routes(rpcs), _unknown_route()]
    return "\n".join(f"- {json.dumps(route)}" for route in routes)


def _grpc_routes(rpcs: Iterable[Rpc]) -> Iterator[Json]:
    for rpc in rpcs:
        yield _rpc_route({"path": rpc.path, "headers": [_GRPC_BODY]}, rpc)
    for service, upstream in _TOOLING.items():
        yield {
            "match": {"prefix": f"/{service}/", "headers": [_GRPC_BODY]},
            "route": {
                "cluster": _TOOLING_CLUSTER,
                "timeout": _STREAM_TIMEOUT,
                "prefix_rewrite": f"/{upstream}/",
            },
            "typed_per_filter_config": _NO_AUTH | _NO_BUFFER,
        }


def _rest_routes(rpcs: Iterable[Rpc]) -> Iterator[Json]:
    """Yield the paths without variables first, as the transcoder prefers them too."""
    bound = [(binding, rpc) for rpc in rpcs for binding in rpc.bindings]
    bound.sort(key=lambda pair: not pair[0].is_literal)
    allowed: dict[str, list[str]] = {}
    for binding, rpc in bound:
        match = _path_match(binding)
        allowed.setdefault(json.dumps(match), []).append(binding.method)
        method = {"name": ":method", "string_match": {"exact": binding.method}}
        if binding.has_body:
            for unsuitable in _not_json():
                yield _refusal(
                    match | {"headers": [method, *unsuitable]},
                    415,
                    "Send the body as plain JSON, with the header content-type: application/json.",
                )
        yield _rpc_route(match | {"headers": [method]}, rpc)
    for path, methods in allowed.items():
        allow = ", ".join(sorted(methods))
        yield _refusal(
            json.loads(path),
            405,
            f"This path takes {allow}.",
            {"allow": allow},
        )


def _path_match(binding: Binding) -> Json:
    if binding.is_literal:
        return {"path": binding.template}
    return {"safe_regex": {"regex": binding.regex}}


def _not_json() -> tuple[list[Json], ...]:
    """Return the headers of bodies that the transcoder cannot read.

    A request without content-type is let through: it has no body, or one
    whose JSON the transcoder checks.
    """
    has_body = {"name": "content-length", "string_match": {"exact": "0"}, "invert_match": True}
    json_type = {"safe_regex": {"regex": r"(?i)application/json\s*(;.*)?"}}
    identity = {"exact": "identity", "ignore_case": True}
    return (
        [has_body, {"name": "content-type", "string_match": json_type, "invert_match": True}],
        [has_body, {"name": "content-encoding", "string_match": identity, "invert_match": True}],
    )


def _too_large_route() -> Json:
    """Return the route of bodies whose announced length is too much; drain.lua reads them."""
    above = {"start": MAX_BODY_BYTES + 1, "end": 2**63 - 1}
    length = {"name": "content-length", "range_match": above}
    return _refusal({"prefix": "/", "headers": [length]}, 413, "")


def _unknown_route() -> Json:
    return _refusal({"prefix": "/"}, 404, "")


def _rpc_route(match: Json, rpc: Rpc) -> Json:
    route: Json = {"cluster": cluster_of(rpc.service), "timeout": _timeout(rpc)}
    if rpc.streams_answers:
        route["idle_timeout"] = _STREAM_IDLE_TIMEOUT
    switches: Json = {}
    if rpc.is_open:
        switches |= _NO_AUTH
    if rpc.streams_requests:
        switches |= _NO_BUFFER
    return {"match": match, "route": route, "typed_per_filter_config": switches}


def _timeout(rpc: Rpc) -> str:
    if rpc.streams_answers or rpc.streams_requests:
        return _STREAM_TIMEOUT
    return _WAITING_TIMEOUT if rpc.waits else _TIMEOUT


def _refusal(
    match: Json,
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
) -> Json:
    """Return a route that answers an error; its plain text is shaped like all others."""
    route: Json = {
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": message}},
        "typed_per_filter_config": _NO_AUTH | _NO_TRANSCODER,
    }
    if headers:
        route["response_headers_to_add"] = [
            {"header": {"key": key, "value": value}} for key, value in headers.items()
        ]
    return route
