"""Which URLs events may be sent to."""

import pytest

from ignis.webhook.urls import MAX_LENGTH, problems

GOOD = [
    "https://example.com",
    "https://example.com/",
    "https://example.com:8443/hooks/1?token=a%20b&x=[1]",
    "HTTPS://EXAMPLE.COM/Path",
    "https://example.com./",
    "https://xn--bcher-kva.example/",
    "https://my_host.internal.example.com/",
    "https://8.8.8.8/",
    "https://[2606:2800:220:1:248:1893:25c8:1946]:443/",
    "https://1password.com/",
    "https://localhost.example.com/",
    "https://example.com:1/",
    "https://example.com:65535/",
]
BAD = {
    "": "required",
    "example.com/hook": "must start with https://",
    "/hook": "must start with https://",
    "ftp://example.com/": "must start with https://",
    "http://example.com/": "must start with https://",
    "javascript:alert(1)": "must start with https://",
    "https://": "must have a host",
    "https:///path": "must have a host",
    "https://user@example.com/": "must not have a user name or a password in it",
    "https://user:word@example.com/": "must not have a user name or a password in it",
    "https://@example.com/": "must not have a user name or a password in it",
    "https://example.com/#part": "must not have a fragment",
    "https://example.com/#": "must not have a fragment",
    "https://example.com:0/": "the port must be from 1 to 65535",
    "https://example.com:65536/": "must be a URL with a host and a port from 1 to 65535",
    "https://example.com:http/": "must be a URL with a host and a port from 1 to 65535",
    "https://[v1.example]/": "must be a URL with a host and a port from 1 to 65535",
    "https://[8.8.8.8]/": "must be a URL with a host and a port from 1 to 65535",
    "https://host[2606:2800::1]/": "must be a URL with a host and a port from 1 to 65535",
    "https://[2606:2800::1]host/": "must be a URL with a host and a port from 1 to 65535",
    "https://[::1/": "must be a URL with a host and a port from 1 to 65535",
    "https://127.0.0.1/": "must be a public address",
    "https://10.1.2.3:8080/": "must be a public address",
    "https://169.254.169.254/latest/meta-data": "must be a public address",
    "https://[::1]/": "must be a public address",
    "https://[::ffff:127.0.0.1]/": "must be a public address",
    "https://[fe80::1%25eth0]/": ("must be a name, or an address in its usual notation"),
    "https://127.1/": "must be a name, or an address in its usual notation",
    "https://2130706433/": "must be a name, or an address in its usual notation",
    "https://0x7f000001/": "must be a name, or an address in its usual notation",
    "https://0X7F.1/": "must be a name, or an address in its usual notation",
    "https://0177.0.0.1/": "must be a name, or an address in its usual notation",
    "https://127.0.0.1./": "must be a name, or an address in its usual notation",
    "https://%31%32%37.0.0.1/": ("must be a name, or an address in its usual notation"),
    "https://exa%6dple.com/": "the host must be a name or an address",
    "https://example..com/": "the host must be a name or an address",
    "https://.example.com/": "the host must be a name or an address",
    "https://example.com\\@10.0.0.1/": (
        "must have nothing but the characters of a URL; percent-encode all others"
    ),
    "https://example.com/\n": (
        "must have nothing but the characters of a URL; percent-encode all others"
    ),
    "https://example.com/\0": (
        "must have nothing but the characters of a URL; percent-encode all others"
    ),
    " https://example.com/": (
        "must have nothing but the characters of a URL; percent-encode all others"
    ),
    "https://bücher.example/": (
        "must have nothing but the characters of a URL; percent-encode all others"
    ),
}


@pytest.mark.parametrize("url", GOOD)
def test_https_to_a_public_host_will_do(url: str) -> None:
    """A URL of a public host has no problems, however it is written."""
    assert list(problems(url, development=False)) == []


@pytest.mark.parametrize(("url", "problem"), BAD.items(), ids=[ascii(url) for url in BAD])
def test_all_others_are_refused(url: str, problem: str) -> None:
    """A URL that is wrong is told what is wrong with it."""
    assert problem in list(problems(url, development=False))


def test_a_broken_address_is_refused() -> None:
    """What is no IPv6 address is refused, whichever version of Python reads it."""
    assert len(list(problems("https://[2606:2800:::1]/", development=False))) == 1


def test_every_problem_is_told_at_once() -> None:
    """Someone who has several things to change learns of all of them."""
    found = list(problems("http://a:b@10.0.0.1:0/#x", development=False))

    assert len(found) == 5


def test_the_length_is_bounded() -> None:
    """The longest URL will do; one character more won't."""
    longest = "https://example.com/".ljust(MAX_LENGTH, "x")

    assert list(problems(longest, development=False)) == []
    assert list(problems(longest + "x", development=False)) == [
        "must not be longer than 2048 characters"
    ]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/hook", "http://example.com/", "http://localhost:9000/"]
)
def test_development_allows_a_receiver_on_this_machine(url: str) -> None:
    """A developer can try a receiver of their own without TLS."""
    assert list(problems(url, development=True)) == []


@pytest.mark.parametrize("url", ["http://192.168.1.5/", "http://[::ffff:127.0.0.1]/"])
def test_development_allows_no_other_private_address(url: str) -> None:
    """Development opens nothing but 127.0.0.0/8."""
    assert list(problems(url, development=True)) == ["must be a public address"]
