"""Ids."""

from datetime import UTC, datetime, timedelta

import pytest

from ignis.server.ids import LENGTH, first_id_at, is_id, new_id


def test_a_new_id_is_one() -> None:
    """Ids are 26 characters that sort by time, and no two are the same."""
    made = {new_id() for _ in range(1000)}

    assert 1000 == len(made)
    assert {LENGTH} == {len(one) for one in made}
    assert all(is_id(one) for one in made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01KAR",
        "01kar0000000000000000000aa",
        "01KAR0000000000000000000AU",
        "01KAR0000000000000000000AAA",
        "ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "01KAR000000000000000000\0AA",
        "01KAR000000000000000000ÄAA",
        "01KAR000000000000000000\N{ARABIC-INDIC DIGIT ONE}AA",
        " 1KAR0000000000000000000AA",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    """What `new_id` could not have made is not looked for in any table."""
    assert not is_id(text)


def test_a_range_of_time_is_a_range_of_ids() -> None:
    """The first id of a millisecond is below all of it and above all before it."""
    before = datetime.now(UTC)
    made = new_id()

    assert first_id_at(before) <= made < first_id_at(before + timedelta(seconds=5))
    assert is_id(first_id_at(before))
