"""What is checked before anything starts."""

import errno
from ipaddress import ip_address

from ignis.local.errors import StackError
from ignis.local.ports import Ports, try_listening

_HIGHEST = 65_535
_REASONS = {
    errno.EACCES: "needs root: choose one above 1023",
    errno.EADDRNOTAVAIL: "cannot be opened: LISTEN_HOST is no address of this machine",
}


def claim_port(ports: Ports, port: int, host: str) -> None:
    """Keep the gateway's port for this stack.

    Where clients on this machine say `localhost`, the IPv6 one must be free as well: they
    try it first, and would talk to whatever listens there.

    Raises:
        StackError: when the gateway could not listen on it.
    """
    other = port + 1 if port < _HIGHEST else port - 1
    taken = StackError(
        f"port {port} is taken: stop what listens there, "
        f"or choose another with `PORT={other} make run`"
    )
    if not ports.reserve(port):
        raise taken
    try:
        try_listening(port, host)
    except OSError as error:
        if error.errno in _REASONS:
            raise StackError(f"port {port} {_REASONS[error.errno]}") from None
        raise taken from None
    address = ip_address(host)
    if address.is_loopback or address.is_unspecified:
        try:
            try_listening(port, "::1")
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise taken from None
