"""Which IP addresses events may be sent to."""

from ignis.server.addresses import LOOPBACK, Address, is_public


def is_allowed(address: Address, *, development: bool) -> bool:
    """Tell whether an address is a public one; in development 127.0.0.0/8 is as well."""
    return is_public(address) or (development and address in LOOPBACK)
