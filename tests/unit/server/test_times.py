"""Times."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from ignis.server.times import moment, timestamp


def test_a_time_comes_back_in_utc() -> None:
    """Whatever zone a time is written from, it is read as the same moment in UTC."""
    when = datetime(2026, 11, 23, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    written = timestamp(when)
    assert written is not None

    assert when == moment(written)
    assert UTC is moment(written).tzinfo


def test_no_time_is_absent() -> None:
    """None leaves a field of a message absent."""
    assert timestamp(None) is None


@pytest.mark.parametrize("seconds", [10**12, -(10**12)])
def test_a_time_that_no_datetime_holds_is_a_wrong_value(seconds: int) -> None:
    """What a client wrote there is refused as a value, whatever Python calls it."""
    with pytest.raises(ValueError):  # noqa: PT011 - protobuf words it in several ways
        moment(Timestamp(seconds=seconds))
