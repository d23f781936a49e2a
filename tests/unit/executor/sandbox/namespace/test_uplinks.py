"""Whether the network of a sandbox that waited can still be used."""

import socket

import pytest

from ignis.executor.sandbox.namespace import uplinks
from ignis.executor.sandbox.namespace.uplinks import Uplink

OWN = frozenset({"45.11.0.1/32"})


@pytest.fixture(name="ends")
def ends_fixture(
    monkeypatch: pytest.MonkeyPatch, socket_enabled: None
) -> tuple[socket.socket, socket.socket]:
    """The two ends of an uplink's channel, on a machine with one address."""
    assert socket_enabled is None
    monkeypatch.setattr(uplinks, "own_networks", lambda: OWN)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    return ours, theirs


def test_a_network_works_while_its_process_lives(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    """Its end is seen by the channel that only slirp4netns holds."""
    ours, theirs = ends
    uplink = Uplink(ours, OWN)

    assert uplink.works()
    theirs.close()
    assert not uplink.works()
    ours.close()


def test_a_filter_that_does_not_know_a_new_address_is_not_used(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the machine gets another address, what was made before is of no use."""
    uplink = Uplink(ends[0], OWN)
    monkeypatch.setattr(uplinks, "own_networks", lambda: OWN | {"45.11.0.9/32"})

    assert not uplink.works()
    for end in ends:
        end.close()
