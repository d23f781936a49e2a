"""What requests about keys may say."""

from datetime import timedelta

import pytest
from tests.unit.auth.memory import NOW

from ignis.auth.models import KeyChanges, KeyDraft
from ignis.auth.validation import KeyRules, checked_page
from ignis.errors import InvalidArgument
from ignis.server.ids import new_id

RULES = KeyRules(frozenset({"jobs:read", "jobs:write"}), 100, 1000)


def fields(error: pytest.ExceptionInfo[InvalidArgument]) -> list[str]:
    """The fields that an error is about."""
    return [violation.field for violation in error.value.violations]


def test_a_draft_gets_its_defaults() -> None:
    """A name is enough; it loses its surrounding spaces, and the scopes are both."""
    checked = RULES.checked_draft(KeyDraft("  CI runner "), NOW)

    assert KeyDraft("CI runner", ("jobs:read", "jobs:write")) == checked


def test_scopes_are_kept_once() -> None:
    """A scope that is asked for twice is held once."""
    checked = RULES.checked_draft(KeyDraft("a", ("jobs:write", "jobs:write")), NOW)

    assert checked.scopes == ("jobs:write",)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b", "a\nb"])
def test_wrong_names_are_refused(name: str) -> None:
    """A name has 1 to 100 characters, and none that control a terminal."""
    with pytest.raises(InvalidArgument) as error:
        RULES.checked_draft(KeyDraft(name), NOW)

    assert fields(error) == ["name"]


@pytest.mark.parametrize("name", ["x", "x" * 100, "größe 🔑"])
def test_right_names_are_taken(name: str) -> None:
    """Names are counted in characters, not bytes."""
    assert name == RULES.checked_draft(KeyDraft(name), NOW).name


@pytest.mark.parametrize("rate_limit", [0, -1, 1001])
def test_rate_limits_have_bounds(rate_limit: int) -> None:
    """A rate limit is from 1 to the most that the operator allows."""
    with pytest.raises(InvalidArgument) as error:
        RULES.checked_draft(KeyDraft("a", rate_limit=rate_limit), NOW)

    assert fields(error) == ["rate_limit"]
    assert "1000" in error.value.message


@pytest.mark.parametrize("seconds", [-3600, 0])
def test_a_key_cannot_be_born_expired(seconds: int) -> None:
    """A time of expiry is in the future."""
    with pytest.raises(InvalidArgument) as error:
        RULES.checked_draft(KeyDraft("a", expires_at=NOW + timedelta(seconds=seconds)), NOW)

    assert fields(error) == ["expires_at"]


@pytest.mark.parametrize("scope", ["keys:write", "webhooks:read", "jobs", "", "JOBS:READ"])
def test_unknown_scopes_are_refused(scope: str) -> None:
    """A scope that does nothing for a key is refused, and the known ones are named."""
    with pytest.raises(InvalidArgument) as error:
        RULES.checked_draft(KeyDraft("a", ("jobs:read", scope)), NOW)

    assert fields(error) == ["scopes[1]"]
    assert "jobs:read, jobs:write" in error.value.message


def test_all_that_is_wrong_is_told_at_once() -> None:
    """One answer has every violation."""
    draft = KeyDraft(" ", ("a", "jobs:read", "b"), 0, NOW - timedelta(days=1))
    with pytest.raises(InvalidArgument) as error:
        RULES.checked_draft(draft, NOW)

    assert fields(error) == ["name", "scopes[0]", "scopes[2]", "rate_limit", "expires_at"]
    assert error.value.reason == "VALIDATION_FAILED"


def test_changes_leave_alone_what_they_do_not_name() -> None:
    """Absent fields are not checked and not filled in."""
    assert KeyChanges() == RULES.checked_changes(KeyChanges(), NOW)
    assert KeyChanges(name="b") == RULES.checked_changes(KeyChanges(name=" b "), NOW)


def test_changes_are_checked_as_drafts_are() -> None:
    """A change can't make what a creation could not."""
    changes = KeyChanges("", ("keys:read",), 1001, expires_at=NOW)
    with pytest.raises(InvalidArgument) as error:
        RULES.checked_changes(changes, NOW)

    assert fields(error) == ["name", "scopes[0]", "rate_limit", "expires_at"]


@pytest.mark.parametrize(("limit", "expected"), [(0, 20), (1, 1), (100, 100)])
def test_pages_have_a_default(limit: int, expected: int) -> None:
    """No limit means 20; 1 and 100 are the ends."""
    assert expected == checked_page(limit, new_id())


def test_wrong_pages_are_refused() -> None:
    """Limit and cursor are told of at once."""
    with pytest.raises(InvalidArgument) as error:
        checked_page(101, "next")

    assert fields(error) == ["limit", "cursor"]
    with pytest.raises(InvalidArgument):
        checked_page(-1, "")
