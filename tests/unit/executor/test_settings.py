"""Settings of the executor."""

import os

import pytest

from ignis.executor.settings import ExecutorSettings
from ignis.server.settings import load


def test_there_is_a_slot_for_each_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """0 slots mean one for each core that this process may use."""
    assert load(ExecutorSettings).slots == len(os.sched_getaffinity(0))
    monkeypatch.setenv("EXECUTOR_SLOTS", "7")
    assert load(ExecutorSettings).slots == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IGNIS_SANDBOX", "none"),
        ("EXECUTOR_POOL", "a.b"),
        ("EXECUTOR_POOL", "a>"),
        ("EXECUTOR_POOL", "A"),
        ("EXECUTOR_SLOTS", "-1"),
        ("JOB_MAX_ATTEMPTS", "0"),
    ],
)
def test_what_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    """A pool that can't be part of a subject, or no sandbox at all, ends the start by its name."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load(ExecutorSettings)

    assert capsys.readouterr().err.startswith(f"ignis: {name}: ")
