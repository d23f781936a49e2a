"""With `--watch`, code that changes takes effect."""

from pathlib import Path

import pytest
from tests.integration.local.harness import Stack, stack, until


@pytest.fixture(name="code")
def _code(tmp_path: Path) -> Path:
    for room in ("job", "server"):
        (tmp_path / "code" / room).mkdir(parents=True)
    return tmp_path / "code"


def _pids(running: Stack) -> dict[str, int]:
    return {room: entry["pid"] for room, entry in running.facts()["services"].items()}


def test_a_changed_room_is_restarted_alone(tmp_path: Path, code: Path) -> None:
    """A change in one room restarts that one; a change in shared code restarts all."""
    with stack(tmp_path, "--watch") as running:
        running.ready()
        until(lambda: "Watching" in running.output)
        before = _pids(running)

        (code / "job/service.py").write_text("", encoding="utf-8")
        until(lambda: _pids(running).get("job") not in {None, before["job"]})
        after = _pids(running)
        assert before == {**after, "job": before["job"]}

        (code / "server/health.py").write_text("", encoding="utf-8")
        until(
            lambda: (
                len(_pids(running)) == 4 and not set(_pids(running).values()) & set(after.values())
            )
        )
        assert running.stop() == 0


def test_a_service_that_an_edit_broke_waits_for_the_next_one(tmp_path: Path, code: Path) -> None:
    """The stack stays up without it, and has it back when it starts again."""
    with stack(tmp_path, "--watch") as running:
        running.ready()
        until(lambda: "Watching" in running.output)
        (tmp_path / "behaviour").write_text("job=dies", encoding="utf-8")

        (code / "job/service.py").write_text("broken", encoding="utf-8")
        until(lambda: "waiting for the next change" in running.output)
        until(lambda: "job" not in _pids(running))
        assert running.process.poll() is None

        (tmp_path / "behaviour").unlink()
        (code / "job/service.py").write_text("mended", encoding="utf-8")
        until(lambda: "job" in _pids(running))
        assert running.stop() == 0
