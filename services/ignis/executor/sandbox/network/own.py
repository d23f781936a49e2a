"""The addresses of a machine itself, which no program may reach however public they are."""

from collections.abc import Iterator
from ipaddress import IPv6Address
from pathlib import Path

_V4 = "/proc/net/fib_trie"
_V6 = "/proc/net/ipv6_route"
FILES = (_V4, _V6)
# Of the routing table's leaves: what is delivered here, and what goes to all of a link.
_V4_KINDS = ("host LOCAL", "link BROADCAST")
_V6_LOCAL = 0x8000_0000  # RTF_LOCAL
_V6_ANYCAST = 0x0010_0000  # RTF_ANYCAST
_V6_FLAGS = 8  # position in a line of ipv6_route


def own_networks() -> frozenset[str]:
    """Return what this network namespace takes for its own, as addresses with a length."""
    return parse(*(_read(path) for path in FILES))


def parse(fib_trie: str, ipv6_route: str) -> frozenset[str]:
    """Return the own networks of the namespace whose FILES have these texts.

    The kernel's routing tables are asked, not the devices: they also know
    prefixes that are delivered here without being anybody's address.
    """
    return frozenset((*_v4(fib_trie), *_v6(ipv6_route)))


def _v4(text: str) -> Iterator[str]:
    address = ""
    for line in text.splitlines():
        mark, _, rest = line.strip().partition(" ")
        if mark == "|--":
            address = rest
        elif rest.startswith(_V4_KINDS):
            yield address + mark  # mark is the length, such as /32


def _v6(text: str) -> Iterator[str]:
    for line in text.splitlines():
        fields = line.split()
        if int(fields[_V6_FLAGS], 16) & (_V6_LOCAL | _V6_ANYCAST):
            yield f"{IPv6Address(int(fields[0], 16))}/{int(fields[1], 16)}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except FileNotFoundError:
        return ""  # a kernel without IPv6
