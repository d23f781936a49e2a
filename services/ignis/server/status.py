"""Domain errors as `google.rpc.Status` (https://google.aip.dev/193)."""

from collections.abc import Iterator

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from ignis.errors import IgnisError

DOMAIN = "ignis"

# A status travels in a header, escaped and in base64 once more, and clients
# refuse headers of more than 8 KiB: a long answer would be no answer.
MAX_TEXT = 1000  # bytes of a message
MAX_VIOLATIONS = 2500  # bytes of violations; who has more learns of the rest the next time

DETAILS_HEADER = "grpc-status-details-bin"  # where gRPC's own libraries look for them


def to_status(error: IgnisError) -> status_pb2.Status:
    """Make the status of an error; its first detail is always the ErrorInfo."""
    status = status_pb2.Status(
        code=code_pb2.Code.Value(error.code.value), message=_shortened(error.message)
    )
    for detail in _details(error):
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _shortened(message: str) -> str:
    if len(message.encode()) <= MAX_TEXT:
        return message
    return message.encode()[:MAX_TEXT].decode(errors="ignore") + "…"


def _details(error: IgnisError) -> Iterator[Message]:
    yield error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    if error.violations:
        request = error_details_pb2.BadRequest()
        for violation in error.violations:
            request.field_violations.add(field=violation.field, description=violation.description)
            if request.ByteSize() > MAX_VIOLATIONS:
                del request.field_violations[-1]
                break
        yield request
    if error.retry_after is not None:
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_after * 1000))
        yield error_details_pb2.RetryInfo(retry_delay=delay)
