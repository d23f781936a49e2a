"""Which runc is refused."""

import pytest

from ignis.executor.sandbox.docker import runc

ALL = "CVE-2024-21626, CVE-2025-31133, CVE-2025-52565, CVE-2025-52881"
OF_2025 = "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881"


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("1.2.8", ""),
        ("1.2.9", ""),
        ("1.3.3", ""),
        ("1.3.3-0ubuntu1~24.04.3", ""),
        ("1.4.0-rc.3", ""),
        ("1.4.0", ""),
        ("1.5.1", ""),
        ("2.0.0", ""),
        ("1.2.7", OF_2025),
        ("1.3.2", OF_2025),
        ("1.4.0-rc.2", OF_2025),
        ("1.4.0~rc.1", OF_2025),
        ("1.1.12", OF_2025),
        ("1.1.15+ds1-2", OF_2025),
        ("1.1.5+ds1-1+deb12u1", OF_2025),
        ("1.1.5+ds1-1", ALL),
        ("1.1.11", ALL),
        ("1.0.0-rc93", ALL),
    ],
)
def test_holes(version: str, found: str) -> None:
    """A version is trusted from its series' fix on; a distribution's patch counts."""
    assert found == runc.holes(version)


def test_no_version() -> None:
    """What says nothing of its version isn't trusted."""
    assert runc.holes("an unknown version").startswith(ALL)


@pytest.mark.parametrize(
    ("version", "commit", "found"),
    [
        ("1.1.5+ds1", "1.1.5+ds1-1+deb12u1", "1.1.5+ds1-1+deb12u1"),
        ("1.3.3", "v1.3.3-0-gd842d771", "1.3.3"),
        ("1.3.3", "", "1.3.3"),
    ],
)
def test_version_of(version: str, commit: str, found: str) -> None:
    """The package's version is taken where the engine tells it, else runc's own."""
    component = {"Name": "runc", "Version": version, "Details": {"GitCommit": commit}}
    answer = {"Components": [{"Name": "Engine", "Version": "20.10"}, component]}

    assert found == runc.version_of(answer)


def test_no_component() -> None:
    """An engine that names no runc has none."""
    assert None is runc.version_of({"Components": None})
