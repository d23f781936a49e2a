"""What the driver asks of the keeper of networks, one packet each, and what it hears."""

import json
from enum import IntEnum
from typing import Any, NamedTuple

MAX_PACKET = 1 << 17
# What slirp4netns itself writes when the network works.
READY = b"1"


class Order(NamedTuple):
    """A network to make, or to probe: then a descriptor of its namespace comes along."""

    nft: str = ""  # path
    rules: str = ""
    slirp: tuple[str, ...] = ()  # argv, with places for descriptors: {ready}, {exit}, {netns}
    probed: tuple[tuple[str, int], ...] = ()  # addresses and ports that must not be reached


class Answer(IntEnum):
    """The first byte of an answer."""

    MADE = 2  # the namespace comes along; READY follows
    REACHED = 3  # what could be reached of what was probed
    FAILED = 4  # why


def encode(order: Order) -> bytes:
    """Return an order's packet."""
    return json.dumps(order).encode()


def decode(packet: bytes) -> Order:
    """Return the order of a packet."""
    nft, rules, slirp, probed = json.loads(packet)
    return Order(nft, rules, tuple(slirp), tuple((host, port) for host, port in probed))


def answer(kind: Answer, values: list[Any]) -> bytes:
    """Return an answer's packet."""
    return bytes([kind]) + json.dumps(values).encode()


def read_answer(packet: bytes) -> tuple[Answer, list[Any]]:
    """Return an answer's kind and its values; an empty packet is a failure."""
    if not packet:
        return Answer.FAILED, ["it ended"]
    return Answer(packet[0]), json.loads(packet[1:])
