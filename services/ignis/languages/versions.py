"""Versions of languages: which of them a request means."""

import re


def satisfies(asked: str, offered: str) -> bool:
    """Tell whether `offered` is what was asked for: `3` and `3.11` mean any `3.11.2`."""
    return not asked or offered == asked or offered.startswith(f"{asked}.")


def newness(version: str) -> tuple[int, ...]:
    """What versions are sorted by: `3.9.2` is older than `3.11`."""
    return tuple(int(number) for number in re.findall(r"\d+", version))
