"""Which addresses are public."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest

from ignis.server.addresses import NOT_PUBLIC_V4, NOT_PUBLIC_V6, is_public, networks

NEIGHBOURS = ["9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "169.253.255.255"]
NEIGHBOURS += ["172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255"]
NEIGHBOURS += ["168.63.129.15", "2001:200::", "2001:db7::1", "2003::", "3ffe::1", "2600::1"]


@pytest.mark.parametrize("network", [*NOT_PUBLIC_V4, *NOT_PUBLIC_V6])
def test_a_listed_network_is_refused_from_end_to_end(network: str) -> None:
    """Neither the first nor the last address of a network on the list is public."""
    listed = ip_network(network)
    assert (False, False) == (is_public(listed[0]), is_public(listed[-1]))


@pytest.mark.parametrize("address", NEIGHBOURS)
def test_the_address_beside_a_listed_network_is_public(address: str) -> None:
    """The list takes no more than it names."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize("first", range(256))
def test_what_python_takes_for_local_is_refused(first: int) -> None:
    """The list misses nothing that the standard library knows, wherever one looks."""
    for low in (0x000000, 0x000001, 0x100000, 0xA80101, 0xFEA9FE, 0x3F8110, 0xFFFFFF):
        address = IPv4Address(first << 24 | low)
        assert address.is_global or not is_public(address)
    for rest in (0, 1, 0xDB8 << 96, 0xFF9B << 96, 0xFFFF << 32):
        six = IPv6Address(first << 120 | rest)
        assert six.is_global or not is_public(six)


@pytest.mark.parametrize(
    "address",
    [
        *("::1", "::", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::a00:1", "64:ff9b:1::1"),
        *("fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2002:a00:1::", "2001:0:1::"),
        *("fe80::1", "5f00::1"),
    ],
)
def test_ipv6_in_disguise_is_refused(address: str) -> None:
    """No IPv6 address that is local, or stands for an IPv4 one, is public."""
    assert not is_public(ip_address(address))


def test_a_list_of_networks_is_read() -> None:
    """An operator writes addresses and networks with commas between them."""
    wanted = (ip_network("93.184.216.0/24"), ip_network("2606:2800::/32"), ip_network("8.8.8.8"))
    assert wanted == networks("93.184.216.0/24, 2606:2800::/32,8.8.8.8,")
    assert () == networks("")


@pytest.mark.parametrize("text", ["all", "10.0.0.1/8", "1.2.3", "::/129"])
def test_what_is_no_network_is_refused(text: str) -> None:
    """A typing error doesn't become an open network."""
    with pytest.raises(ValueError, match=r"network|host bits"):
        networks(text)
