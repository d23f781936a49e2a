"""What a machine's routing tables say about its own addresses."""

from ignis.executor.sandbox.network.own import own_networks, parse

FIB_TRIE = """Main:
  +-- 0.0.0.0/0 3 0 4
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 45.11.0.0/24 2 0 1
        |-- 45.11.0.0
           /24 link UNICAST
Local:
  +-- 0.0.0.0/0 3 0 4
     +-- 45.11.0.0/24 2 0 1
        |-- 45.11.0.1
           /32 host LOCAL
        |-- 45.11.0.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
     |-- 60.1.0.0
        /16 host LOCAL
"""
ROUTES = [
    ("fe80" + "0" * 28, "40", "00000001"),  # a link
    ("2600" + "0" * 27 + "1", "80", "80200001"),  # an address
    ("2600" + "0" * 28, "80", "80300001"),  # anycast
    ("0" * 31 + "1", "80", "80200001"),  # loopback
]
IPV6_ROUTE = "".join(
    f"{address} {length} {'0' * 32} 00 {'0' * 32} 00000000 00000001 00000000 {flags}     eth0\n"
    for address, length, flags in ROUTES
)


def test_what_is_delivered_here_is_ours() -> None:
    """Addresses, broadcasts, and whole networks that are routed to this machine itself."""
    assert {
        *("45.11.0.1/32", "45.11.0.255/32", "127.0.0.0/8", "127.0.0.1/32", "60.1.0.0/16"),
        *("2600::1/128", "2600::/128", "::1/128"),
    } == parse(FIB_TRIE, IPV6_ROUTE)


def test_a_kernel_without_ipv6_has_no_addresses_of_it() -> None:
    """The second table may be missing."""
    assert all(":" not in network for network in parse(FIB_TRIE, ""))


def test_this_machine_has_a_loopback() -> None:
    """The real tables are read."""
    assert "127.0.0.0/8" in own_networks()
