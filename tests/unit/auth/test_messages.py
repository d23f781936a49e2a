"""Between protobuf and the domain."""

from datetime import UTC, datetime

import pytest
from tests.unit.auth.memory import NOW

from ignis.auth import messages
from ignis.auth.models import ApiKey, KeyChanges, KeyDraft, Page
from ignis.v1 import auth_pb2

KEY = ApiKey("01", "anna", "a", "ign_live_abcd", "wxyz", ("s",), 5, True, None, None, NOW, NOW)


def test_absent_fields_stay_absent() -> None:
    """An empty request asks for defaults, and changes nothing."""
    assert KeyDraft("") == messages.draft(auth_pb2.CreateApiKeyRequest())
    assert KeyChanges() == messages.changes(auth_pb2.UpdateApiKeyRequest(id="x"))


def test_present_fields_are_read_even_when_empty() -> None:
    """An explicit zero, false or empty text is not the same as nothing."""
    request = auth_pb2.UpdateApiKeyRequest(name="", rate_limit=0, is_active=False)

    assert KeyChanges(name="", rate_limit=0, is_active=False) == messages.changes(request)


def test_times_are_in_utc() -> None:
    """A timestamp becomes an aware time, and back."""
    request = auth_pb2.CreateApiKeyRequest()
    request.expires_at.FromDatetime(NOW)

    assert messages.draft(request).expires_at == NOW
    assert messages.key(KEY).created_at.ToDatetime(tzinfo=UTC) == NOW


@pytest.mark.parametrize("seconds", [2**62, -(2**62), 253402300800])
def test_a_time_that_no_calendar_has_is_the_past(seconds: int) -> None:
    """It will be refused as any other wrong time, not fail inside."""
    request = auth_pb2.CreateApiKeyRequest()
    request.expires_at.seconds = seconds

    assert datetime.min.replace(tzinfo=UTC) == messages.draft(request).expires_at


def test_a_secret_shows_where_it_is_given() -> None:
    """A key has its secret in the answer that makes it, and in no list."""
    assert messages.key(KEY, "s3cret").key == "s3cret"
    assert not messages.key(KEY).HasField("key")
    assert not messages.page(Page((KEY,), 20, "")).data[0].HasField("key")


def test_unknown_times_are_absent() -> None:
    """A key that never expires and was never used has no such times."""
    written = messages.key(KEY)

    assert not written.HasField("expires_at")
    assert not written.HasField("last_used_at")


def test_a_page_tells_where_it_stands() -> None:
    """Limit, count and cursor go along."""
    pagination = messages.page(Page((KEY, KEY), 2, "01")).pagination

    assert (pagination.limit, pagination.count, pagination.next_cursor) == (2, 2, "01")
