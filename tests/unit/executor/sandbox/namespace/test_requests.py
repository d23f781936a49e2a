"""Packets between driver and fork server."""

from ignis.executor.sandbox.namespace import requests
from ignis.executor.sandbox.namespace.requests import Config, Failure, Kind, Ready, Start, Started


def test_start() -> None:
    """A request comes back as it was."""
    start = Start(number=1 << 40, place=3)
    packet = requests.encode_start(start)

    assert Kind.START == packet[0]
    assert start == requests.decode_start(packet)


def test_end() -> None:
    """The end of a sandbox tells its number and what went wrong."""
    assert (7, "ä") == requests.decode_number(requests.encode_number(Kind.ENDED, 7, "ä"))


def test_config() -> None:
    """A configuration comes back as it was."""
    started = Started(("python3", "main.py"), {"A": "ä"}, "/bin", "3.11.2")
    for interpreter in (None, started):
        config = Config(2, (("/a b", "/c"),), "1-x", interpreter, "10.0.2.3")
        assert config == requests.decode_config(requests.encode_config(config))


def test_first() -> None:
    """A server is ready, or has failed, or has died without a word."""
    ready, failure = Ready(weak_memory_limits=True, notes=("a",)), Failure("mount /x", 1)

    assert ready == requests.decode_first(requests.encode_ready(ready))
    assert failure == requests.decode_first(requests.encode_failure(failure))
    assert isinstance(requests.decode_first(b""), Failure)
