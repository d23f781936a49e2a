"""Ports are chosen where nothing takes them."""

from ignis.local.ports import candidates


def test_ports_below_the_ephemeral_range_are_preferred() -> None:
    """With the kernel's default range, ports come from below it."""
    assert range(10_000, 32_768) == candidates(32_768, 60_999)


def test_ports_above_a_low_ephemeral_range_are_used() -> None:
    """With a range that begins low, ports come from above it."""
    assert range(50_000, 65_536) == candidates(1_024, 49_999)


def test_a_range_that_covers_everything_is_not_avoided() -> None:
    """With nothing outside of the range, ports come from inside it."""
    assert range(10_000, 65_536) == candidates(1_024, 65_535)
