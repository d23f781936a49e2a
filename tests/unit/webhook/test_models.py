"""Endpoints and events."""

from base64 import b64decode

from tests.unit.webhook.factories import COMPLETED, JOB_ID, WEBHOOK, event

from ignis.webhook.models import EventType


def test_a_secret_is_shown_as_standard_webhooks_writes_it() -> None:
    """The shown secret is `whsec_` and the key in base64."""
    prefix, _, encoded = WEBHOOK.shown_secret.partition("_")

    assert ("whsec", WEBHOOK.secret) == (prefix, b64decode(encoded))


def test_a_secret_is_never_logged() -> None:
    """What a log would show of an endpoint has no secret in it."""
    shown = repr(WEBHOOK)

    assert "secret" not in shown
    assert "ssss" not in shown


def test_an_event_told_twice_has_one_id() -> None:
    """The id follows from the job and the kind alone."""
    later = event(occurred_at=COMPLETED.created_at, executor="another")

    assert f"evt_{JOB_ID}_end" == COMPLETED.id == later.id


def test_a_job_has_one_end() -> None:
    """A second end of another status is the same event."""
    assert COMPLETED.id == event(type=EventType.JOB_FAILED).id


def test_a_start_is_an_event_of_its_own() -> None:
    """The start and the end of a job differ in their ids."""
    assert event(type=EventType.JOB_STARTED).id == f"evt_{JOB_ID}_started"
