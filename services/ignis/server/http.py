"""The operator's HTTP port: `/metrics` for Prometheus, `/healthz` for orchestrators."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

STOP_WITHIN = 0.05  # seconds
_TEXT = ("Content-Type", "text/plain; charset=utf-8")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Listen, without asking DNS for this machine's name as the base class does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds; a client that says nothing holds a thread no longer

    def log_message(self, *_: object) -> None:
        """Say nothing: these requests come every few seconds."""


@contextmanager
def operator_port(
    host: str, port: int, render: Callable[[], bytes], is_ready: Callable[[], bool]
) -> Iterator[int]:
    """Serve metrics and readiness in a thread; yields the port that it listens on.

    Args:
        host: the address to listen on.
        port: the port, or 0 for any.
        render: writes the metrics.
        is_ready: says whether the service can work.
    """

    def application(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [render()]
        if path == "/healthz":
            ready = is_ready()
            start("200 OK" if ready else "503 Service Unavailable", [_TEXT])
            return [b"ok\n" if ready else b"not ready\n"]
        start("404 Not Found", [_TEXT])
        return [b"there are /metrics and /healthz\n"]

    server = make_server(host, port, application, _Server, _Handler)
    thread = threading.Thread(
        target=server.serve_forever, args=(STOP_WITHIN,), name="operator-port", daemon=True
    )
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
