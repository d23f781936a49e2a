"""Between the protos of keys and the domain's models."""

from datetime import UTC, datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from ignis.auth.models import ApiKey, KeyChanges, KeyDraft, Page
from ignis.v1 import auth_pb2, common_pb2

_NEVER = datetime.min.replace(tzinfo=UTC)  # stands for a time that no calendar has


def draft(request: auth_pb2.CreateApiKeyRequest) -> KeyDraft:
    """Read what a new key should be."""
    return KeyDraft(
        name=request.name,
        scopes=tuple(request.scopes),
        rate_limit=request.rate_limit if request.HasField("rate_limit") else None,
        expires_at=_time(request, "expires_at"),
    )


def changes(request: auth_pb2.UpdateApiKeyRequest) -> KeyChanges:
    """Read what to change in a key."""
    return KeyChanges(
        name=request.name if request.HasField("name") else None,
        scopes=tuple(request.scopes),
        rate_limit=request.rate_limit if request.HasField("rate_limit") else None,
        is_active=request.is_active if request.HasField("is_active") else None,
        expires_at=_time(request, "expires_at"),
    )


def key(model: ApiKey, secret: str | None = None) -> auth_pb2.ApiKey:
    """Write a key; with its secret in the answer that makes it, and nowhere else."""
    return auth_pb2.ApiKey(
        id=model.id,
        name=model.name,
        key=secret,
        prefix=model.prefix,
        last_four=model.last_four,
        scopes=model.scopes,
        rate_limit=model.rate_limit,
        is_active=model.is_active,
        expires_at=_timestamp(model.expires_at),
        last_used_at=_timestamp(model.last_used_at),
        created_at=_timestamp(model.created_at),
        updated_at=_timestamp(model.updated_at),
    )


def page(model: Page) -> auth_pb2.ListApiKeysResponse:
    """Write a page of keys."""
    return auth_pb2.ListApiKeysResponse(
        data=[key(each) for each in model.keys],
        pagination=common_pb2.Pagination(
            limit=model.limit, count=len(model.keys), next_cursor=model.next_cursor
        ),
    )


def _time(request: Message, field: str) -> datetime | None:
    if not request.HasField(field):
        return None
    timestamp: Timestamp = getattr(request, field)
    try:
        return timestamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        return _NEVER


def _timestamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp
