"""Which addresses are public."""

from ipaddress import ip_address

import pytest

from ignis.webhook.addresses import is_allowed

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001::1"]
REFUSED = {
    "private 10/8": "10.0.0.1",
    "private 172.16/12": "172.31.255.255",
    "private 192.168/16": "192.168.1.1",
    "link-local, cloud metadata": "169.254.169.254",
    "carrier-grade NAT": "100.64.0.1",
    "unspecified": "0.0.0.0",
    "this network": "0.1.2.3",
    "multicast": "224.0.0.1",
    "multicast, organisation": "239.1.1.1",
    "broadcast": "255.255.255.255",
    "reserved": "240.0.0.1",
    "protocol assignments": "192.0.0.8",
    "documentation": "192.0.2.1",
    "benchmarking": "198.18.0.1",
    "6to4 relays": "192.88.99.1",
    "loopback, IPv6": "::1",
    "unspecified, IPv6": "::",
    "unique local": "fd00::1",
    "link-local, IPv6": "fe80::1",
    "site-local": "fec0::1",
    "multicast, IPv6": "ff0e::1",
    "mapped private": "::ffff:10.0.0.1",
    "mapped public": "::ffff:8.8.8.8",
    "compatible": "::8.8.8.8",
    "NAT64": "64:ff9b::808:808",
    "NAT64, local": "64:ff9b:1::1",
    "6to4": "2002:0a00:0001::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "documentation, IPv6": "2001:db8::1",
    "newer documentation": "3fff::1",
    "segment routing": "5f00::1",
    "discard": "100::1",
}


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("development", [True, False])
def test_public_addresses_are_allowed(address: str, development: bool) -> None:
    """A public address will do everywhere."""
    assert is_allowed(ip_address(address), development=development)


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("development", [True, False])
def test_all_others_are_refused(address: str, development: bool) -> None:
    """No address that is local, or leads to one, will do anywhere."""
    assert not is_allowed(ip_address(address), development=development)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.255.254"])
def test_loopback_is_allowed_in_development_alone(address: str) -> None:
    """A receiver on the developer's own machine can be tried, and in production not."""
    assert is_allowed(ip_address(address), development=True)
    assert not is_allowed(ip_address(address), development=False)
