"""Reads the end of a log, to say in one line why a server died."""

import json
import os
import re
from pathlib import Path

_TAIL = 64 * 1024  # bytes
_LONGEST = 300  # characters
_TOO_BIG = 32 * 1024 * 1024  # bytes
_GRAVE = re.compile(r"FATAL|PANIC|DETAIL|\[FTL\]|\[ERR\]|critical|CRITICAL|\berror\b|ERROR|Error\b")


def rotate(path: Path) -> None:
    """Put a log aside as `….1` when it has grown past 32 MiB."""
    if path.exists() and path.stat().st_size > _TOO_BIG:
        path.replace(path.with_name(path.name + ".1"))


def last_words(path: Path, since: int = 0) -> str:
    """The last line that says something went wrong, else the last line; '' for an empty log.

    Args:
        path: the log.
        since: the offset at which this run of the server began, bytes.
    """
    lines = [_plain(line) for line in _tail(path, since) if line.strip()]
    grave = [line for line in lines if _GRAVE.search(line)]
    chosen = (grave or lines or [""])[-1]
    return chosen if len(chosen) <= _LONGEST else chosen[:_LONGEST] + "…"


def _tail(path: Path, since: int) -> list[str]:
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(since, end - _TAIL))
            return file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []


def _plain(line: str) -> str:
    """A JSON line of a service as `event: the exception's last line`; others as they are."""
    try:
        record = json.loads(line)
    except ValueError:
        return line.strip()
    if not isinstance(record, dict):
        return line.strip()
    parts = [str(record.get("event", ""))]
    if record.get("level") in {"error", "critical"}:
        parts.insert(0, "error")
    cause = str(record.get("exception") or record.get("error") or "").strip()
    if cause:
        parts.append(cause.splitlines()[-1])
    return ": ".join(part for part in parts if part)
