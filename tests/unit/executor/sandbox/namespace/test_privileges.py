"""Reading capabilities."""

import pytest

from ignis.executor.sandbox.namespace.privileges import holds_sys_admin


@pytest.mark.parametrize(
    ("mask", "expected"),
    [("000001ffffffffff", True), ("0000000000200000", True), ("00000000a80425fb", False)],
)
def test_sys_admin(mask: str, expected: bool) -> None:
    """CAP_SYS_ADMIN is bit 21 of the effective set; a container's root hasn't got it."""
    assert expected is holds_sys_admin(f"Name:\tx\nCapPrm:\t0\nCapEff:\t{mask}\n")
