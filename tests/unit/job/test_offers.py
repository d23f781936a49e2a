"""What executors offer, and which of it a request means."""

from typing import cast

import pytest

from ignis.events.executors import ExecutorDirectory
from ignis.job.models import Window
from ignis.job.offers import ExecutorOffers
from ignis.languages import loader
from ignis.v1 import executor_pb2


class Directory:
    """Executors that are alive, and some that were."""

    def __init__(
        self, alive: list[executor_pb2.Executor], gone: tuple[executor_pb2.Executor, ...] = ()
    ) -> None:
        self._alive, self._gone = alive, gone

    def alive(self) -> list[executor_pb2.Executor]:
        """Those that take jobs."""
        return self._alive

    def recent(self) -> list[executor_pb2.Executor]:
        """Those, and those that did."""
        return [*self._alive, *self._gone]


def executor(
    *versions: str, pool: str = "default", capacity: int = 2, language: str = "python"
) -> executor_pb2.Executor:
    """An executor with a language in some versions."""
    return executor_pb2.Executor(
        pool=pool,
        capacity=capacity,
        languages=[
            executor_pb2.InstalledLanguage(id=language, version=version, aliases=["py"])
            for version in versions
        ],
    )


def offers(
    *alive: executor_pb2.Executor, gone: tuple[executor_pb2.Executor, ...] = ()
) -> ExecutorOffers:
    """The offers of these executors."""
    directory = cast("ExecutorDirectory", Directory(list(alive), gone))
    return ExecutorOffers(directory, loader.load(), per_slot=4, user_per_slot=2)


@pytest.mark.parametrize(
    ("asked", "version", "found"),
    [
        ("python", "", "3.12.1"),
        ("py", "", "3.12.1"),
        ("python", "3", "3.12.1"),
        ("python", "3.9", "3.9.2"),
        ("python", "3.9.2", "3.9.2"),
        ("python", "3.1", None),
        ("python", "3.12.10", None),
        ("go", "", None),
        ("", "", None),
    ],
)
def test_the_newest_that_was_asked_for_is_found(
    asked: str, version: str, found: str | None
) -> None:
    """A version means any that begins with it, part by part; the newest comes first."""
    offer = offers(executor("3.9.2"), executor("3.12.1"), executor("3.11.0")).find(asked, version)

    assert (offer.version if offer else None) == found


def test_of_several_pools_it_is_always_the_same() -> None:
    """Which pool gets a job doesn't depend on who announced himself first."""
    pools = [executor("3.11", pool=name) for name in ("c", "a", "b")]

    assert {"a"} == {
        offer.pool
        for order in (pools, pools[::-1])
        if (offer := offers(*order).find("python", "")) is not None
    }


def test_what_was_offered_lately_is_accepted() -> None:
    """An executor that went within ten minutes may come back; one that is there goes first."""
    gone = (executor("3.13", pool="gone"),)

    for alive, pool in (((), "gone"), ((executor("3.11", pool="here"),), "here")):
        offer = offers(*alive, gone=gone).find("python", "")
        assert offer is not None
        assert offer.pool == pool


def test_offers_are_listed_by_language() -> None:
    """Each language, version and pool is listed once, newer versions first."""
    listed = offers(
        executor("3.9"), executor("3.9"), executor("3.11"), executor("1.22", language="go")
    ).offered()

    assert [("go", "1.22"), ("python", "3.11"), ("python", "3.9")] == [
        (offer.language, offer.version) for offer in listed
    ]


def test_a_language_is_known_by_its_file_or_by_an_executor() -> None:
    """Names are known from the files, and from executors with files of their own."""
    known = offers(executor("1", language="brainfuck"))

    names = ("golang", "python3", "brainfuck", "py", "cobol")
    assert ["go", "python", "brainfuck", "python", None] == [known.language_id(n) for n in names]
    assert known.known() == sorted({"brainfuck", *loader.load()})


def test_a_window_is_a_few_jobs_for_each_slot() -> None:
    """A pool's window follows its executors; one without any can still take a few."""
    window = offers(executor("3"), executor("3", capacity=3), executor("3", pool="b")).window

    assert (Window(20, 10), Window(8, 4), Window(4, 2)) == (
        window("default"),
        window("b"),
        window("c"),
    )
