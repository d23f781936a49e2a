"""Packets between driver and fork server."""

import pytest

from ignis.executor.sandbox.namespace import requests
from ignis.executor.sandbox.namespace.requests import Config, Failure, Group, Kind, Ready, Start


@pytest.mark.parametrize("groups", [(), (Group(1, 2),), (Group(1 << 40, 2), Group(3, 4))])
def test_start(groups: tuple[Group, ...]) -> None:
    """A request comes back as it was."""
    start = Start(job=1 << 40, slot=3, file_bytes=1 << 35, groups=groups)
    packet = requests.encode_start(start)

    assert Kind.START == packet[0]
    assert start == requests.decode_start(packet)


def test_job() -> None:
    """The end of a job tells its number and what went wrong."""
    assert (7, "ä") == requests.decode_job(requests.encode_job(Kind.ENDED, 7, "ä"))


def test_config() -> None:
    """A configuration comes back as it was."""
    config = Config(2, (("/a b", "/c"),), "1-x")

    assert config == requests.decode_config(requests.encode_config(config))


def test_first() -> None:
    """A server is ready, or has failed, or has died without a word."""
    ready, failure = Ready(weak_memory_limits=True, notes=("a",)), Failure("mount /x", 1)

    assert ready == requests.decode_first(requests.encode_ready(ready))
    assert failure == requests.decode_first(requests.encode_failure(failure))
    assert isinstance(requests.decode_first(b""), Failure)
