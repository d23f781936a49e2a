"""What the driver and its fork server say to each other, one packet each."""

import json
import struct
from enum import IntEnum
from typing import NamedTuple

MAX_PACKET = 1 << 16


class Kind(IntEnum):
    """The first byte of a packet."""

    START = 1  # driver: make a sandbox; its channel's end comes along, and its network if any
    KILL = 2  # driver: end a sandbox now
    ENDED = 3  # server: nothing is left of a sandbox
    READY = 4  # server: it works, and how
    FAILED = 5  # server: it can't work, and why


class Start(NamedTuple):
    """A sandbox to make: its number, and the place whose ids it uses alone."""

    number: int
    place: int


class Started(NamedTuple):
    """The interpreter that the fork server shall be, stopped before its program."""

    argv: tuple[str, str]
    env: dict[str, str]
    path: str
    version: str


class Config(NamedTuple):
    """What a fork server is started with; mounts are (source, target)."""

    places: int  # how many sandboxes there may be at once
    mounts: tuple[tuple[str, str], ...]
    token: str  # names the cgroups, so that a later start can find what was left
    interpreter: Started | None = None  # None: that of the executor
    nameserver: str = ""  # of sandboxes with a network; empty where there are none


class Ready(NamedTuple):
    """How a fork server works here."""

    weak_memory_limits: bool
    notes: tuple[str, ...]


class Failure(NamedTuple):
    """Why a fork server can't work: what it tried, and the errno, or 0."""

    what: str
    number: int


_NUMBER = struct.Struct("!BQ")
_START = struct.Struct("!BQI")


def encode_start(start: Start) -> bytes:
    """Return a START packet."""
    return _START.pack(Kind.START, *start)


def decode_start(packet: bytes) -> Start:
    """Return what a START packet says."""
    return Start(*_START.unpack(packet)[1:])


def encode_number(kind: Kind, number: int, text: str = "") -> bytes:
    """Return a KILL or ENDED packet; `text` says what went wrong, if anything."""
    return _NUMBER.pack(kind, number) + text.encode()


def decode_number(packet: bytes) -> tuple[int, str]:
    """Return the sandbox's number and the text of a KILL or ENDED packet."""
    return _NUMBER.unpack_from(packet)[1], packet[_NUMBER.size :].decode()


def encode_ready(ready: Ready) -> bytes:
    """Return a READY packet."""
    return bytes([Kind.READY]) + json.dumps(ready).encode()


def encode_failure(failure: Failure) -> bytes:
    """Return a FAILED packet."""
    return bytes([Kind.FAILED]) + json.dumps(failure).encode()


def decode_first(packet: bytes) -> Ready | Failure:
    """Return the first packet of a fork server; none at all is a failure too."""
    if not packet:
        return Failure("it ended before it said anything", 0)
    values = json.loads(packet[1:])
    if packet[0] == Kind.READY:
        return Ready(values[0], tuple(values[1]))
    return Failure(*values)


def encode_config(config: Config) -> bytes:
    """Return the packet that a fork server waits for first."""
    return json.dumps(config).encode()


def decode_config(packet: bytes) -> Config:
    """Return a fork server's configuration."""
    places, mounts, token, started, nameserver = json.loads(packet)
    interpreter = Started(tuple(started[0]), *started[1:]) if started else None
    pairs = tuple((source, target) for source, target in mounts)
    return Config(places, pairs, token, interpreter, nameserver)
