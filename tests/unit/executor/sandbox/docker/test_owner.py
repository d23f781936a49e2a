"""Whose a container is."""

import os

from ignis.executor.sandbox.docker import owner


def test_living() -> None:
    """What this process owns isn't taken for a dead one's, and no two drivers are the same."""
    ours = owner.labels()

    assert not owner.is_dead(ours)
    assert ours[owner.EXECUTOR] != owner.labels()[owner.EXECUTOR]


def test_dead() -> None:
    """A pid that another process has now, or none, is a dead owner's."""
    reused = {**owner.labels(), "ignis.process": f"{os.getpid()}:1"}
    gone = {**owner.labels(), "ignis.process": "4194304:1"}

    assert owner.is_dead(reused)
    assert owner.is_dead(gone)


def test_elsewhere() -> None:
    """Nothing is known of an owner on another machine or in another container."""
    assert not owner.is_dead({**owner.labels(), "ignis.host": "other", "ignis.process": "1:1"})
