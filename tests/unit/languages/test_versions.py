"""Versions: which of them a request means."""

import pytest

from ignis.languages.versions import newness, satisfies


@pytest.mark.parametrize(
    ("asked", "offered", "fits"),
    [
        ("", "3.11.2", True),
        ("3", "3.11.2", True),
        ("3.11", "3.11.2", True),
        ("3.11.2", "3.11.2", True),
        ("3.1", "3.11.2", False),
        ("3.11.2.1", "3.11.2", False),
        ("3.11.", "3.11.2", False),
        ("2", "3.11.2", False),
    ],
)
def test_a_version_means_those_that_begin_with_it(asked: str, offered: str, *, fits: bool) -> None:
    """A version is compared part by part, from the left."""
    assert satisfies(asked, offered) is fits


def test_versions_are_sorted_by_their_numbers() -> None:
    """3.9 is older than 3.11, whatever the alphabet says."""
    versions = ["3.11", "3.9.2", "go1.22", "3.11.1", "2.7.18"]

    assert sorted(versions, key=newness) == ["go1.22", "2.7.18", "3.9.2", "3.11", "3.11.1"]
