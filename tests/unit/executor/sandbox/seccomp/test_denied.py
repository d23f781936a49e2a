"""The deny-list documents itself."""

import re
from pathlib import Path

from ignis.executor.sandbox.seccomp import denied

LINES = Path(denied.__file__).read_text().splitlines()
ENTRY = re.compile(r'    "(\w+)": Call\(')


def reason(number: int) -> str:
    """Return the comment that a line of the list stands below."""
    while ENTRY.match(LINES[number]):
        number -= 1
    return LINES[number].strip()


def test_every_call_has_its_reason() -> None:
    """Each call of DENIED stands in a group that begins with why."""
    entries = [number for number, line in enumerate(LINES) if ENTRY.match(line)]
    inside = range(LINES.index("DENIED: dict[str, Call] = {"), LINES.index("}"))

    assert len(denied.DENIED) == len([number for number in entries if number in inside])
    assert all(reason(number).startswith("# ") for number in entries if number in inside)


def test_numbers() -> None:
    """No number stands twice, which would hide that another is missing."""
    calls = [*denied.DENIED.values(), *denied.DENIED_WITHOUT_CGROUP.values()]
    for machine in ("x86_64", "aarch64"):
        numbers = [getattr(call, machine) for call in calls if getattr(call, machine) is not None]
        assert len(numbers) == len(set(numbers))
