"""Domain errors as `google.rpc.Status` (https://google.aip.dev/193)."""

from collections.abc import Iterator

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from ignis.errors import IgnisError

DOMAIN = "ignis"


DETAILS_HEADER = "grpc-status-details-bin"  # where gRPC's own libraries look for them


def to_status(error: IgnisError) -> status_pb2.Status:
    """Make the status of an error; its first detail is always the ErrorInfo."""
    status = status_pb2.Status(code=code_pb2.Code.Value(error.code.value), message=error.message)
    for detail in _details(error):
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _details(error: IgnisError) -> Iterator[Message]:
    yield error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    if error.violations:
        request = error_details_pb2.BadRequest()
        for violation in error.violations:
            request.field_violations.add(field=violation.field, description=violation.description)
        yield request
    if error.retry_after is not None:
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_after * 1000))
        yield error_details_pb2.RetryInfo(retry_delay=delay)
