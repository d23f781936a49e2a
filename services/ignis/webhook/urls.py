"""Which URLs events may be sent to, as far as the URL alone can tell."""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

from ignis.webhook.addresses import is_allowed

MAX_LENGTH = 2048  # characters

_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")  # RFC 3986
_LABEL = "[a-z0-9_][a-z0-9_-]{0,62}"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_BRACKETS = re.compile(r"\[[^\[\]]*:[^\[\]]*\](:[0-9]*)?")  # around an IPv6 address alone
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_PUBLIC = "must be a public address"
_USUAL = "must be a name, or an address in its usual notation"


def problems(url: str, *, development: bool) -> Iterator[str]:
    """Say everything that is wrong with a URL; nothing when it will do.

    Args:
        url: what the user sent.
        development: whether http and 127.0.0.0/8 are allowed.
    """
    if not url:
        yield "required"
        return
    if len(url) > MAX_LENGTH:
        yield f"must not be longer than {MAX_LENGTH} characters"
        return
    if not _CHARACTERS.fullmatch(url):
        yield "must have nothing but the characters of a URL; percent-encode all others"
        return
    try:
        parts = urlsplit(url)
        host, port = _host_and_port(parts)
    except ValueError:
        yield "must be a URL with a host and a port from 1 to 65535"
        return
    if "#" in url:
        yield "must not have a fragment"
    yield from _part_problems(parts, development=development)
    if port == 0:
        yield "the port must be from 1 to 65535"
    yield from _host_problems(host, development=development)


def _host_and_port(parts: SplitResult) -> tuple[str, int | None]:
    """Read where a URL leads.

    Raises:
        ValueError: it can't be told, or readers could disagree on it.
    """
    place = parts.netloc.rpartition("@")[2]
    if "[" in place and not _BRACKETS.fullmatch(place):
        raise ValueError(place)
    return parts.hostname or "", parts.port


def _part_problems(parts: SplitResult, *, development: bool) -> Iterator[str]:
    if parts.scheme not in ({"https", "http"} if development else {"https"}):
        yield "must start with https://"
    if "@" in parts.netloc:
        yield "must not have a user name or a password in it"


def _host_problems(host: str, *, development: bool) -> Iterator[str]:
    if not host:
        yield "must have a host"
        return
    try:
        address = _literal(host)
    except AddressValueError:
        yield _USUAL
        return
    if address is None:
        if not _NAME.fullmatch(host.removesuffix(".")):
            yield "the host must be a name or an address"
    elif not is_allowed(address, development=development):
        yield _PUBLIC


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """Read a host that is an address; None when it is a name.

    Resolvers take `127.1`, `0x7f000001` and `2130706433` for addresses too
    (https://url.spec.whatwg.org/#ends-in-a-number-checker): those raise.
    """
    if ":" in host:
        if "%" in host:
            raise AddressValueError(host)
        return IPv6Address(host)
    if _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]):
        return IPv4Address(host)
    return None
