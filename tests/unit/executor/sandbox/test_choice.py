"""The choice of a driver."""

import pytest

from ignis.executor.sandbox import open_sandbox
from ignis.executor.sandbox.errors import SandboxError


@pytest.mark.parametrize(
    ("driver", "slots", "words"),
    [
        ("docker", 0, "at least one slot"),
        ("none", 1, "must be auto, namespace or docker"),
        ("", 1, "must be auto, namespace or docker"),
        ("auto", 0, "at least one slot"),
    ],
)
async def test_refused(driver: str, slots: int, words: str) -> None:
    """What can't be had is refused in words; nothing runs without a sandbox."""
    with pytest.raises(SandboxError, match=words):
        await open_sandbox(driver, slots=slots)
