"""Which versions of runc let a container out, as far as the world knows."""

import re
from typing import Any

# The first versions of each series without CVE-2025-31133, CVE-2025-52565 and
# CVE-2025-52881; all of them have the fix of CVE-2024-21626 (1.1.12) too.
_FIXED = ((1, 2, 8), (1, 3, 3))
_FIXED_CANDIDATE = 3  # of 1.4.0
_CVES_2025 = "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881"
_CVE_2024 = "CVE-2024-21626"
_FIXED_2024 = (1, 1, 12)
# Packages that carry a fix in an older version: what they start with, and which hole is closed.
# Debian 12 has closed that of 2024 alone.
_BACKPORTS = (("1.1.5+ds1-1+deb12u", _CVE_2024),)
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:[-~]rc\.?(\d+))?")


def version_of(answer: dict[str, Any]) -> str | None:
    """Return the version of runc in an engine's `GET /version`; a package's, if it names that."""
    for component in answer.get("Components") or ():
        if component.get("Name") == "runc":
            commit = str((component.get("Details") or {}).get("GitCommit", ""))
            # Debian and Ubuntu put the version of their package there.
            return commit if _VERSION.match(commit) else str(component.get("Version"))
    return None


def holes(version: str) -> str:
    """Return the known ways out of this version, empty if there is none."""
    found = _VERSION.match(version)
    if found is None:
        return f"{_CVE_2024}, {_CVES_2025} (its version says nothing)"
    number = (int(found[1]), int(found[2]), int(found[3]))
    candidate = int(found[4]) if found[4] else None
    if _is_fixed(number, candidate):
        return ""
    closed = {cve for prefix, cve in _BACKPORTS if version.startswith(prefix)}
    if number >= _FIXED_2024:
        closed.add(_CVE_2024)
    return _CVES_2025 if _CVE_2024 in closed else f"{_CVE_2024}, {_CVES_2025}"


def _is_fixed(number: tuple[int, int, int], candidate: int | None) -> bool:
    if number >= (1, 4, 0):
        is_early = number == (1, 4, 0) and candidate is not None and candidate < _FIXED_CANDIDATE
        return not is_early
    return any(number[:2] == fixed[:2] and number >= fixed for fixed in _FIXED)
