"""Logs."""

import json
import logging
import os
import subprocess
import sys

PROGRAM = """
import logging
from ignis.server.context import request_id
from ignis.server.logs import configure, get_logger
log = get_logger()
configure("job", "INFO")
log.debug("hidden")
log.info("hello", count=1, odd="é\\n")
request_id.set("req-1")
log.info("within")
log.info("named", request_id="other")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
logging.getLogger("library").warning("beware %s", "x")
logging.getLogger("library").info("hidden")
"""


def lines() -> list[dict[str, object]]:
    """What the program wrote."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=True, env=environment
    )
    assert b"" == done.stdout
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_an_object() -> None:
    """Logs are JSON, one object a line, also those of libraries and with tracebacks."""
    told = lines()

    assert ["hello", "within", "named", "failed", "beware x"] == [one["event"] for one in told]
    assert {"job"} == {one["service"] for one in told}
    assert all({"level", "timestamp"} <= one.keys() for one in told)
    assert "ZeroDivisionError" in str(told[3]["exception"])


def test_the_request_is_named() -> None:
    """Lines of a request carry its id, unless they name another; others carry none."""
    told = lines()

    assert "request_id" not in told[0]
    assert ["req-1", "other", "req-1"] == [one["request_id"] for one in told[1:4]]


def test_levels_have_their_names() -> None:
    """Every level that LOG_LEVEL takes is one that Python knows."""
    known = logging.getLevelNamesMapping()

    assert {"DEBUG", "INFO", "WARNING", "ERROR"} <= known.keys()
