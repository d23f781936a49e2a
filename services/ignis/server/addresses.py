"""Which IP addresses are public: where strangers' programs and URLs may lead to.

Standard library only. Everything that isn't named here can be reached, so what
is here names its source: IANA's registries of special-purpose addresses, and
the few others that clouds use.
"""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK = IPv4Network("127.0.0.0/8")

NOT_PUBLIC_V4: dict[str, str] = {
    "0.0.0.0/8": "this host on this network (RFC 791, RFC 1122)",
    "10.0.0.0/8": "private (RFC 1918)",
    "100.64.0.0/10": "carrier-grade NAT (RFC 6598), some clouds' metadata",
    "127.0.0.0/8": "loopback (RFC 1122)",
    "168.63.129.16/32": "the host of a machine in Azure, as its platform documents",
    "169.254.0.0/16": "link-local (RFC 3927), most clouds' metadata",
    "172.16.0.0/12": "private (RFC 1918)",
    "192.0.0.0/24": "protocol assignments (RFC 6890)",
    "192.0.2.0/24": "documentation (RFC 5737)",
    "192.88.99.0/24": "relays of 6to4 (RFC 7526)",
    "192.168.0.0/16": "private (RFC 1918)",
    "198.18.0.0/15": "benchmarks (RFC 2544)",
    "198.51.100.0/24": "documentation (RFC 5737)",
    "203.0.113.0/24": "documentation (RFC 5737)",
    "224.0.0.0/4": "multicast (RFC 5771)",
    "240.0.0.0/4": "reserved, and broadcast (RFC 1112, RFC 919)",
}
# All else in IPv6 is loopback, v4-mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96 and
# 64:ff9b:1::/48), unique local (fc00::/7), link-local (fe80::/10), multicast
# (ff00::/8) or unassigned.
GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291
# What isn't public within GLOBAL_UNICAST.
NOT_PUBLIC_V6: dict[str, str] = {
    "2001::/23": "Teredo (RFC 4380) and other protocol assignments (RFC 2928)",
    "2001:db8::/32": "documentation (RFC 3849)",
    "2002::/16": "6to4: an IPv4 address in disguise (RFC 3056)",
    "3fff::/20": "documentation (RFC 9637)",
}

_V4 = tuple(map(IPv4Network, NOT_PUBLIC_V4))
_V6 = tuple(map(IPv6Network, NOT_PUBLIC_V6))


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the public Internet, and to no one machine's inside."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _V4)
    return address in GLOBAL_UNICAST and not any(address in network for network in _V6)


def networks(text: str) -> tuple[Network, ...]:
    """Read addresses and networks that are separated by commas; raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
