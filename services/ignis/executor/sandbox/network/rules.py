"""The filter as nftables has it, for the network namespace of one sandbox.

It stands in a namespace over which the job's user namespace has no rights. What it
doesn't let out is refused at once rather than dropped, so that a program hears of it
without waiting; what comes in from where nothing may go is dropped.
"""

from collections.abc import Iterable
from ipaddress import ip_network

from ignis.executor.sandbox.network.options import NetworkOptions
from ignis.server.addresses import (
    GLOBAL_UNICAST,
    NOT_PUBLIC_V4,
    NOT_PUBLIC_V6,
    Address,
    Network,
)

_DNS_PORT = 53
_V4 = 4
_REFUSE = "reject with icmpx type admin-prohibited"


def rules(options: NetworkOptions, own: Iterable[str], dns: Address) -> str:
    """Return the input of `nft -f`.

    Args:
        options: what the operator denies besides.
        own: the networks of the machine itself.
        dns: where the sandbox finds its resolver.
    """
    known = [*NOT_PUBLIC_V4, *NOT_PUBLIC_V6, *own]
    denied = [*map(ip_network, known), *options.denied]
    family = "ip" if dns.version == _V4 else "ip6"
    return f"""\
table inet ignis {{
  set denied4 {{ type ipv4_addr; flags interval; auto-merge; {_elements(denied, _V4)} }}
  set denied6 {{ type ipv6_addr; flags interval; auto-merge; {_elements(denied, 6)} }}
  chain out {{
    type filter hook output priority 0; policy drop;
    oifname "lo" accept
    icmpv6 type {{ nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert }} accept
    ip hdrlength > 5 {_REFUSE}
    {family} daddr {dns} udp dport {_DNS_PORT} accept
    {family} daddr {dns} tcp dport {_DNS_PORT} accept
    ip daddr @denied4 {_REFUSE}
    ip6 daddr != {GLOBAL_UNICAST} {_REFUSE}
    ip6 daddr @denied6 {_REFUSE}
    ip protocol {{ tcp, udp }} accept
    ip6 nexthdr {{ tcp, udp }} accept
    {_REFUSE}
  }}
  chain in {{
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    icmpv6 type {{ nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert }} accept
    icmpv6 type {{ destination-unreachable, packet-too-big, time-exceeded }} accept
    icmp type {{ destination-unreachable, time-exceeded }} accept
    {family} saddr {dns} udp sport {_DNS_PORT} accept
    {family} saddr {dns} tcp sport {_DNS_PORT} accept
    ip saddr @denied4 drop
    ip6 saddr != {GLOBAL_UNICAST} drop
    ip6 saddr @denied6 drop
    ip protocol {{ tcp, udp }} accept
    ip6 nexthdr {{ tcp, udp }} accept
  }}
  chain through {{ type filter hook forward priority 0; policy drop; }}
}}
"""


def _elements(networks: Iterable[Network], version: int) -> str:
    chosen = sorted({str(network) for network in networks if network.version == version})
    return f"elements = {{ {', '.join(chosen)} }}"
