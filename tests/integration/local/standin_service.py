"""Stands in for a service: ready at once, and then as well-behaved as it is told to be.

A file `behaviour` in the working directory may say `ROOM=dies` or `ROOM=stubborn`.
"""

import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Answers 200."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> int:
    """Serve until SIGTERM, which ends it with 0."""
    room = sys.argv[-1].removeprefix("ignis.")
    told = Path("behaviour")
    behaviours = told.read_text(encoding="utf-8").split() if told.exists() else []
    if f"{room}=dies" in behaviours:
        sys.stderr.write('{"event": "cannot start", "level": "error", "error": "no such table"}\n')
        return 3
    stop = threading.Event()
    stubborn = f"{room}=stubborn" in behaviours
    signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else lambda *_: stop.set())
    server = HTTPServer((os.environ["METRICS_HOST"], int(os.environ["METRICS_PORT"])), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
