"""What an endpoint may be."""

import pytest

from ignis.errors import InvalidArgument
from ignis.webhook.models import Changes, NewWebhook, Rules
from ignis.webhook.validation import check_changes, check_new, page_size

RULES = Rules(max_endpoints=50, development=False)
URL = "https://example.com/hook"


def fields(error: InvalidArgument) -> list[str]:
    """The fields that an error names."""
    return [violation.field for violation in error.violations]


def test_a_good_endpoint_passes() -> None:
    """An endpoint with everything right is not refused."""
    check_new(NewWebhook(URL, ("job.started", "job.*"), "d" * 255), RULES)


def test_all_violations_come_at_once() -> None:
    """A request learns everything that is wrong with it from one answer."""
    with pytest.raises(InvalidArgument) as caught:
        check_new(NewWebhook("", ("job.exploded",), "d" * 256), RULES)

    assert fields(caught.value) == ["url", "events[0]", "description"]


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ((), ["events"]),
        (("job.completed", "job.completed"), ["events[1]"]),
        (("job.completed", ""), ["events[1]"]),
        (("JOB.COMPLETED",), ["events[0]"]),
        (("*",), ["events[0]"]),
        (("job.completed\0",), ["events[0]"]),
        (("job.nothing",) * 100_000, ["events"]),
    ],
    ids=["none", "twice", "empty", "upper case", "everything", "NUL", "far too many"],
)
def test_events_must_be_known_and_told_once(events: tuple[str, ...], wrong: list[str]) -> None:
    """Events are chosen from the list, each once."""
    with pytest.raises(InvalidArgument) as caught:
        check_new(NewWebhook(URL, events), RULES)

    assert wrong == fields(caught.value)


def test_a_description_has_no_nul() -> None:
    """PostgreSQL's text can't hold a NUL, so it is refused before."""
    with pytest.raises(InvalidArgument) as caught:
        check_new(NewWebhook(URL, ("job.*",), "a\0b"), RULES)

    assert fields(caught.value) == ["description"]


def test_absent_fields_are_not_checked() -> None:
    """A change of nothing is not wrong."""
    check_changes(Changes(), RULES)


def test_present_fields_are_checked() -> None:
    """An empty URL is a URL that is wrong, not one that is absent."""
    with pytest.raises(InvalidArgument) as caught:
        check_changes(Changes(url="", events=("x",), description="\0"), RULES)

    assert fields(caught.value) == ["url", "events[0]", "description"]


@pytest.mark.parametrize(("limit", "size"), [(0, 20), (1, 1), (100, 100)])
def test_a_page_has_a_size(limit: int, size: int) -> None:
    """A page has 20 entries unless it was asked for others, up to 100."""
    assert size == page_size(limit, "")


@pytest.mark.parametrize("limit", [-1, 101])
def test_a_page_is_bounded(limit: int) -> None:
    """No page is larger than 100, or smaller than none, and a bad cursor is told as well."""
    with pytest.raises(InvalidArgument) as caught:
        page_size(limit, "not a cursor")

    assert fields(caught.value) == ["limit", "cursor"]
