"""The rate limit in memory."""

import pytest
from tests.unit.auth.memory import Clock

from ignis.auth.gcra import MemoryLimits


@pytest.fixture(name="clock")
def clock_fixture() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture(name="limits")
def limits_fixture(clock: Clock) -> MemoryLimits:
    """Limits that nobody has used."""
    return MemoryLimits(clock)


def test_all_of_a_limit_can_be_used_at_once(limits: MemoryLimits) -> None:
    """Ten a minute are ten now, counted down, and then none."""
    remaining = [limits.take("a", 10).remaining for _ in range(10)]

    assert remaining == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert not limits.take("a", 10).allowed


def test_the_first_answer_tells_where_it_stands(limits: MemoryLimits) -> None:
    """One request of ten a minute is forgotten after six seconds."""
    first = limits.take("a", 10)

    assert (first.allowed, first.limit, first.remaining) == (True, 10, 9)
    assert first.reset == pytest.approx(6)
    assert first.retry_after == 0


def test_a_refusal_says_when_to_come_back(limits: MemoryLimits, clock: Clock) -> None:
    """Coming back as told works, a moment earlier does not."""
    for _ in range(10):
        limits.take("a", 10)
    clock.seconds += 2
    refused = limits.take("a", 10)
    assert (refused.allowed, refused.remaining) == (False, 0)
    assert refused.retry_after == pytest.approx(4)
    assert refused.reset == pytest.approx(58)

    clock.seconds += refused.retry_after - 0.01
    assert not limits.take("a", 10).allowed
    clock.seconds += 0.02
    assert limits.take("a", 10).allowed
    assert not limits.take("a", 10).allowed


def test_refusals_cost_nothing(limits: MemoryLimits, clock: Clock) -> None:
    """Whoever hammers at the door is let in as soon as whoever waits."""
    for _ in range(1000):
        limits.take("a", 10)
    clock.seconds += 6.01

    assert limits.take("a", 10).allowed


def test_the_rate_holds_for_long(limits: MemoryLimits, clock: Clock) -> None:
    """Ten minutes of trying every tenth of a second give burst plus ten minutes' worth."""
    allowed = 0
    for _ in range(6000):
        allowed += limits.take("a", 10).allowed
        clock.seconds += 0.1

    assert 109 <= allowed <= 110


def test_idleness_saves_nothing_up(limits: MemoryLimits, clock: Clock) -> None:
    """After an hour without a request the limit is what it always was."""
    limits.take("a", 10)
    clock.seconds += 3600

    assert sum(limits.take("a", 10).allowed for _ in range(20)) == 10


def test_keys_do_not_share(limits: MemoryLimits) -> None:
    """One key's use is not another's."""
    limits.take("a", 1)

    assert limits.take("b", 1).allowed
    assert not limits.take("a", 1).allowed


def test_a_new_limit_counts_at_once(limits: MemoryLimits) -> None:
    """Who raises a used-up limit waits at the new rate; who lowers it has less from now on."""
    for _ in range(10):
        limits.take("a", 10)
        limits.take("b", 1000)

    assert limits.take("a", 1000).retry_after == pytest.approx(0.06)
    assert limits.take("b", 10).remaining == 8


def test_the_highest_limit_is_a_million(limits: MemoryLimits) -> None:
    """Steps of 60 microseconds add up without losing any."""
    last = [limits.take("a", 1_000_000) for _ in range(1000)][-1]

    assert (last.allowed, last.remaining) == (True, 999_000)


def test_what_has_drained_is_forgotten(limits: MemoryLimits, clock: Clock) -> None:
    """Memory follows the keys that are in use, not all that ever were."""
    for n in range(30_000):
        limits.take(f"{n}", 60)
        clock.seconds += 0.001

    assert len(limits._tats) < 15_000
