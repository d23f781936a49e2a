"""Free ports that nothing takes between being chosen and being listened on."""

import random
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from ignis.local.errors import StackError

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000  # below are the ports that people give to servers of their own
_ENOUGH = 1_000


def candidates(low: int, high: int) -> range:
    """Ports outside of the kernel's ephemeral range `low` to `high`.

    An outgoing connection may be given any port of that range at any moment, so a port
    found free in it may be taken a moment later.
    """
    if low - _LOWEST >= _ENOUGH:
        return range(_LOWEST, low)
    if 65_536 - (high + 1) >= _ENOUGH:
        return range(high + 1, 65_536)
    return range(_LOWEST, 65_536)


def ephemeral() -> tuple[int, int]:
    """The kernel's ephemeral range, both ends included."""
    low, high = _EPHEMERAL.read_text(encoding="ascii").split()
    return int(low), int(high)


def try_listening(port: int, host: str = "127.0.0.1") -> None:
    """Listen on a port for a moment.

    Without SO_REUSEPORT, so that another Envoy on the port counts as well.

    Raises:
        OSError: when a server could not listen there; its errno says why.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        probe.listen(1)


class Ports:
    """Hands out ports of 127.0.0.1, and keeps other stacks from choosing the same.

    A port is reserved by an abstract Unix socket with the port in its name. Such names live
    in the network namespace, as ports do, and the kernel frees them with their process.
    """

    def __init__(self, choices: Sequence[int] | None = None) -> None:
        self._choices = candidates(*ephemeral()) if choices is None else choices
        self._held: list[socket.socket] = []

    def take(self) -> int:
        """Reserve a free port, until `close`.

        Raises:
            StackError: when there is none.
        """
        for port in random.sample(self._choices, min(len(self._choices), _ENOUGH)):
            if self.reserve(port) and self._is_free(port):
                return port
        raise StackError("no free port on 127.0.0.1: stop something that listens, then try again")

    def reserve(self, port: int) -> bool:
        """Keep other stacks off this port; False when one has it."""
        reservation = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            reservation.bind(f"\0ignis-port-{port}")
        except OSError:
            reservation.close()
            return False
        self._held.append(reservation)
        return True

    def close(self) -> None:
        """Let go of every reservation."""
        while self._held:
            self._held.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @staticmethod
    def _is_free(port: int) -> bool:
        try:
            try_listening(port)
        except OSError:
            return False
        return True
