"""What the filter says; what it does is shown in tests/integration."""

import re
from ipaddress import ip_address, ip_network

import pytest

from ignis.executor.sandbox.network.options import NetworkOptions
from ignis.executor.sandbox.network.rules import rules
from ignis.server.addresses import NOT_PUBLIC_V4, NOT_PUBLIC_V6

OPTIONS = NetworkOptions(enabled=True, denied=(ip_network("45.0.0.0/8"), ip_network("2600::/32")))
OWN = frozenset({"60.1.2.3/32", "2601::1/128"})


def denied(text: str, version: int) -> set[str]:
    """Return the elements of a set of the filter."""
    (found,) = re.findall(rf"set denied{version} .*elements = {{ (.*?) }}", text)
    return set(found.split(", "))


def test_everything_that_is_not_public_is_denied() -> None:
    """The shared list, the machine's own addresses and the operator's networks: all of them."""
    text = rules(OPTIONS, OWN, ip_address("10.0.2.3"))

    assert {*NOT_PUBLIC_V4, "60.1.2.3/32", "45.0.0.0/8"} == denied(text, 4)
    assert {*NOT_PUBLIC_V6, "2601::1/128", "2600::/32"} == denied(text, 6)


@pytest.mark.parametrize(("dns", "family"), [("10.0.2.3", "ip"), ("2600::53", "ip6")])
def test_the_resolver_is_open_at_one_port_before_anything_is_denied(dns: str, family: str) -> None:
    """Whatever its address is, it is reached at port 53, and at no other."""
    text = rules(OPTIONS, OWN, ip_address(dns))
    lines = [line.strip() for line in text.splitlines()]
    naming = [line for line in lines if line.startswith(f"{family} daddr {dns} ")]

    assert [f"{family} daddr {dns} {kind} dport 53 accept" for kind in ("udp", "tcp")] == naming
    assert lines.index(naming[-1]) < next(n for n, line in enumerate(lines) if "@denied" in line)


def test_what_no_rule_names_goes_nowhere() -> None:
    """Every chain drops what comes to its end."""
    text = rules(OPTIONS, OWN, ip_address("10.0.2.3"))

    assert text.count(" hook ") == text.count("policy drop;") == 3
