"""What an operator decides about the network of programs."""

from dataclasses import dataclass

from ignis.server.addresses import Address, Network


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """Whether a program may ask for the network, and what it never reaches."""

    enabled: bool = False
    # The resolver, reached at port 53 alone, even where its address isn't public.
    # None: the machine's own, which the docker driver doesn't have.
    dns: Address | None = None
    denied: tuple[Network, ...] = ()  # besides what is never public
