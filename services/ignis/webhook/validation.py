"""What an endpoint may be: every violation of a request at once."""

from collections.abc import Iterator, Sequence

from ignis.errors import Violation, invalid
from ignis.server.ids import is_id
from ignis.webhook import urls
from ignis.webhook.models import CHOICES, Changes, NewWebhook, Rules

MAX_DESCRIPTION = 255  # characters
MAX_PAGE = 100
DEFAULT_PAGE = 20


def check_new(new: NewWebhook, rules: Rules) -> None:
    """Check an endpoint that shall be made.

    Raises:
        InvalidArgument: with everything that is wrong.
    """
    _refuse(
        [
            *_url(new.url, rules),
            *_events(new.events),
            *_description(new.description),
        ]
    )


def check_changes(changes: Changes, rules: Rules) -> None:
    """Check the fields that shall change.

    Raises:
        InvalidArgument: with everything that is wrong.
    """
    found: list[Violation] = []
    if changes.url is not None:
        found += _url(changes.url, rules)
    if changes.events is not None:
        found += _events(changes.events)
    if changes.description is not None:
        found += _description(changes.description)
    _refuse(found)


def page_size(limit: int, cursor: str) -> int:
    """Check what a list was asked for; returns how many entries its page has.

    Raises:
        InvalidArgument: with everything that is wrong.
    """
    found = []
    if not 0 <= limit <= MAX_PAGE:
        found.append(Violation("limit", f"must be from 1 to {MAX_PAGE}"))
    if cursor and not is_id(cursor):
        found.append(Violation("cursor", "must be the next_cursor of the page before"))
    _refuse(found)
    return limit or DEFAULT_PAGE


def _refuse(found: Sequence[Violation]) -> None:
    if found:
        raise invalid(found)


def _url(url: str, rules: Rules) -> Iterator[Violation]:
    for problem in urls.problems(url, development=rules.development):
        yield Violation("url", problem)


def _events(events: Sequence[str]) -> Iterator[Violation]:
    if not events:
        yield Violation("events", f"required: at least one of {', '.join(CHOICES)}")
    if len(events) > len(CHOICES):
        yield Violation("events", f"at most {len(CHOICES)}, each of them once")
        return
    for index, event in enumerate(events):
        if event not in CHOICES:
            yield Violation(f"events[{index}]", f"must be one of {', '.join(CHOICES)}")
        elif event in events[:index]:
            yield Violation(f"events[{index}]", "is there already")


def _description(description: str) -> Iterator[Violation]:
    if len(description) > MAX_DESCRIPTION:
        yield Violation("description", f"must not be longer than {MAX_DESCRIPTION} characters")
    if "\0" in description:
        yield Violation("description", "must not have a NUL in it")
