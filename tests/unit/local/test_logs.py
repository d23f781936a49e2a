"""A dead server's log is told in one line."""

import json
from pathlib import Path

import pytest

from ignis.local.logs import last_words, rotate

TRACEBACK = 'Traceback (most recent call last):\n  File "x.py"\nValueError: no such pool\n'
RECORDS = [
    {"event": "cannot start", "level": "critical", "exception": "Traceback…\nOSError: refused"},
    {"event": "stopped", "level": "info"},
]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("starting\nlistening\n\n", "listening"),
        (TRACEBACK + "bye\n", "ValueError: no such pool"),
        ("FATAL:  lock file is empty\nLOG:  shut down\n", "FATAL:  lock file is empty"),
        ("[FTL] Error listening on port: 1\n", "[FTL] Error listening on port: 1"),
        ("\n".join(map(json.dumps, RECORDS)), "error: cannot start: OSError: refused"),
        ("[1, 2]\n", "[1, 2]"),
    ],
)
def test_the_line_that_says_what_went_wrong(text: str, words: str, tmp_path: Path) -> None:
    """The last grave line, else the last one; a JSON line as its event and cause."""
    log = tmp_path / "x.log"
    log.write_text(text, encoding="utf-8")

    assert words == last_words(log)


def test_an_earlier_run_is_not_blamed(tmp_path: Path) -> None:
    """What an earlier run of the server wrote isn't told about this one."""
    log = tmp_path / "x.log"
    log.write_text("FATAL: of yesterday\n", encoding="utf-8")
    since = log.stat().st_size
    with log.open("a", encoding="utf-8") as file:
        file.write("of today\n")

    assert last_words(log, since) == "of today"


def test_a_long_line_is_cut(tmp_path: Path) -> None:
    """The message stays one readable line."""
    log = tmp_path / "x.log"
    log.write_text("x" * 1000, encoding="utf-8")

    assert last_words(log) == "x" * 300 + "…"


def test_a_missing_log_says_nothing(tmp_path: Path) -> None:
    """A server that never got to write has no last words."""
    assert last_words(tmp_path / "none.log") == ""


def test_only_a_big_log_is_put_aside(tmp_path: Path) -> None:
    """A log grows over many runs until it is too big, and then begins anew."""
    log = tmp_path / "x.log"
    log.write_text("little", encoding="utf-8")
    rotate(log)
    assert log.exists()

    with log.open("r+b") as file:
        file.truncate(33 * 1024 * 1024)
    rotate(log)

    assert [tmp_path / "x.log.1"] == list(tmp_path.iterdir())
