"""A change restarts the services that it concerns."""

from pathlib import Path

import pytest
from watchfiles import Change

from ignis.local.watch import affected, is_code

PACKAGE = Path("/clone/services/ignis")
ALL = ["auth", "job", "executor", "webhook"]


@pytest.mark.parametrize(
    ("paths", "rooms"),
    [
        (["job/service.py"], ["job"]),
        (["webhook/store.py", "auth/models.py"], ["auth", "webhook"]),
        (["executor/runner/main.py"], ["executor"]),
        (["server/health.py"], ALL),
        (["languages/python.toml", "executor/pool.py"], ALL),
        (["v1/job_pb2.py"], ALL),
        (["errors.py"], ALL),
        (["local/stack.py"], []),
    ],
)
def test_the_rooms_of_a_change(paths: list[str], rooms: list[str]) -> None:
    """A room's file concerns that room, a shared one all of them, the stack's own none."""
    assert rooms == affected([str(PACKAGE / path) for path in paths], PACKAGE)


@pytest.mark.parametrize(
    ("path", "code"),
    [("a.py", True), ("b.sql", True), ("c.toml", True), ("a.pyc", False), (".a.py.swp", False)],
)
def test_only_code_counts(path: str, code: bool) -> None:
    """What editors and Python itself write beside the code restarts nothing."""
    assert code == is_code(Change.modified, str(PACKAGE / path))
