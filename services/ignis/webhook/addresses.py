"""Which IP addresses events may be sent to."""

from ipaddress import IPv4Address, IPv6Address, ip_network

LOOPBACK = ip_network("127.0.0.0/8")
GLOBAL_UNICAST = ip_network("2000::/3")  # all else in IPv6 is local, mapped, NAT64 or unassigned

# Python takes these for global, or does so in some of its versions.
REFUSED = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",  # IETF protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "2001::/23",  # Teredo and other protocol assignments
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
)


def is_allowed(address: IPv4Address | IPv6Address, *, development: bool) -> bool:
    """Tell whether an address is a public one; in development 127.0.0.0/8 is as well."""
    if development and address in LOOPBACK:
        return True
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    if address.is_multicast or not address.is_global:
        return False
    return not any(address in network for network in REFUSED)
