"""The errors that Envoy itself answers."""

import json

from gateway.replies import REPLIES, mapper_lines
from grpc import StatusCode

NUMBERS = {code.name: code.value[0] for code in StatusCode}


def test_codes_and_numbers_agree() -> None:
    """JSON and gRPC callers read the same code; a route that is missing is UNIMPLEMENTED."""
    differing = {reply.reason for reply in REPLIES if NUMBERS[reply.code] != reply.grpc_status}
    assert differing == {"ROUTE_UNKNOWN"}


def test_each_error_has_a_form_for_grpc_and_for_json() -> None:
    """The gRPC form comes first, as it is the more special one."""
    mappers = [json.loads(line.removeprefix("- ")) for line in mapper_lines().splitlines()]
    kinds = [next(iter(mapper["body_format_override"])) for mapper in mappers]
    assert kinds == ["text_format_source", "json_format"] * len(REPLIES)


def test_the_last_reply_leaves_no_error_out() -> None:
    """Whatever Envoy answers above 400 gets the shape."""
    assert REPLIES[-1].when == "response.code >= 400"
