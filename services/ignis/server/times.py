"""Times: between Python's datetimes, always in UTC, and protobuf's timestamps."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp


def timestamp(when: datetime | None) -> Timestamp | None:
    """Write a time; None stays None, which leaves a field absent."""
    if when is None:
        return None
    written = Timestamp()
    written.FromDatetime(when)
    return written


def moment(written: Timestamp) -> datetime:
    """Read a time.

    Raises:
        ValueError: no datetime can hold it.
    """
    try:
        return written.ToDatetime(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError("a time beyond the year 9999") from error
