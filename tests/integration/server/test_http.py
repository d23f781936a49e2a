"""The operator's port."""

import socket
import threading
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from ignis.server.http import operator_port


def get(port: int, path: str) -> tuple[int, bytes]:
    """GET a path."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def test_it_tells_metrics_and_readiness() -> None:
    """Metrics are rendered anew each time, and readiness is what it is now."""
    ready = False
    with operator_port("127.0.0.1", 0, lambda: b"a 1\n", lambda: ready) as port:
        assert (200, b"a 1\n") == get(port, "/metrics")
        assert (503, b"not ready\n") == get(port, "/healthz")
        ready = True
        assert (200, b"ok\n") == get(port, "/healthz")
        assert 404 == get(port, "/")[0]


def test_nothing_is_left_behind() -> None:
    """Afterwards nobody listens, and no thread is left."""
    before = threading.active_count()
    with operator_port("127.0.0.1", 0, bytes, lambda: True) as port:
        get(port, "/healthz")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1)

    assert before == threading.active_count()


def test_a_silent_client_holds_nobody_up() -> None:
    """While one client says nothing, others are answered, and the end doesn't wait for it."""
    with (
        operator_port("127.0.0.1", 0, bytes, lambda: True) as port,
        socket.create_connection(("127.0.0.1", port)),
    ):
        assert 200 == get(port, "/healthz")[0]


def test_a_port_that_is_taken_is_an_error() -> None:
    """Two services on one port are noticed at the start."""
    with (
        operator_port("127.0.0.1", 0, bytes, lambda: True) as port,
        pytest.raises(OSError, match="in use"),
        operator_port("127.0.0.1", port, bytes, lambda: True),
    ):
        pass


def test_dns_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose DNS hangs starts its services all the same."""

    def hang(_: str) -> str:
        raise AssertionError("asked for a name")

    monkeypatch.setattr(socket, "getfqdn", hang)
    with operator_port("0.0.0.0", 0, bytes, lambda: True) as port:
        assert 200 == get(port, "/healthz")[0]
