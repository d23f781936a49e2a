"""Sandboxes with a network: each in a filtered namespace with a slirp4netns of its own."""

import asyncio
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address

from ignis.executor.sandbox.errors import NetworkError, SandboxError
from ignis.executor.sandbox.namespace import handover, orders
from ignis.executor.sandbox.namespace.link import Link, writable
from ignis.executor.sandbox.namespace.orders import Answer, Order
from ignis.executor.sandbox.namespace.pool import readable
from ignis.executor.sandbox.network.options import NetworkOptions
from ignis.executor.sandbox.network.own import own_networks
from ignis.executor.sandbox.network.rules import rules
from ignis.server.addresses import Address

_CONNECT_SECONDS = 10.0
_SBIN = "/usr/sbin:/sbin"  # where ordinary users' PATH doesn't lead
# slirp4netns's own: it carries what comes to port 53 there to the machine's resolver.
_FORWARDER = ip_address("10.0.2.3")
GATEWAY = "10.0.2.2"  # the machine's loopback, were it not for --disable-host-loopback
_SLIRP = (
    *("--configure", "--ready-fd={ready}", "--exit-fd={exit}", "--netns-type=path"),
    *("--disable-host-loopback", "--enable-sandbox", "--enable-seccomp"),
)
_TARGET = ("/proc/self/fd/{netns}", "tap0")
# Nothing is sent there: the kernel only says whether it would know the way.
_SOMEWHERE_V6 = ("2600::1", 9)


@dataclass(frozen=True, slots=True, eq=False)
class Uplink:
    """The network of one sandbox; closing the channel ends its slirp4netns."""

    channel: socket.socket
    own: frozenset[str]  # the machine's addresses, as its filter knows them

    def works(self) -> bool:
        """Return whether its slirp4netns is there, and its filter still true."""
        try:
            self.channel.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return self.own == own_networks()
        except OSError:
            return False
        return False


class Tools:
    """The programs that a network is made with."""

    def __init__(self) -> None:
        """Find them; raises NetworkError with what to do."""
        self.nft = _find("nft", "nftables")
        self.slirp = _find("slirp4netns", "slirp4netns")


class Uplinks:
    """Starts sandboxes with a network through a fork server and the keeper beside it."""

    def __init__(self, control: socket.socket, options: NetworkOptions, tools: Tools) -> None:
        """Speak to the keeper through `control`, which `close` closes."""
        control.setblocking(False)
        self._control = control
        self._options = options
        self._tools = tools
        self._link: Link | None = None
        self._made: dict[int, Uplink] = {}  # by the sandbox's number

    def use(self, link: Link) -> None:
        """Make sandboxes through `link`."""
        self._link = link

    @property
    def alive(self) -> bool:
        """Whether it can still make sandboxes."""
        return self._link is not None and self._link.alive

    async def start(self, channel: socket.socket, place: int) -> tuple[int, "asyncio.Future[str]"]:
        """Ask for a sandbox with a network, as `Link.start` does."""
        if self._link is None:
            raise SandboxError("the fork server is gone")
        uplink, namespace = await self._connect()
        try:
            number, ended = await self._link.start(channel, place, namespace)
        except BaseException:
            uplink.channel.close()
            raise
        finally:
            os.close(namespace)
        self._made[number] = uplink
        ended.add_done_callback(lambda _: self._made.pop(number).channel.close())
        return number, ended

    def kill(self, number: int) -> None:
        """End a sandbox now."""
        if self._link:
            self._link.kill(number)

    def works(self, number: int) -> bool:
        """Return whether a sandbox's network can be used."""
        return number in self._made and self._made[number].works()

    async def prove(self) -> None:
        """Make a network, and try to reach this machine through it.

        Raises:
            NetworkError: no network can be made, or its filter lets that through.
        """
        try:
            uplink, namespace = await self._connect()
        except SandboxError as error:
            raise NetworkError(f"SANDBOX_NETWORK: {error}") from error
        try:
            with _stand_ins(uplink.own) as forbidden:
                reached = await self._probe(namespace, forbidden)
        finally:
            os.close(namespace)
            uplink.channel.close()
        if reached:
            raise NetworkError(f"SANDBOX_NETWORK: the filter lets programs reach {reached}")

    async def _probe(self, namespace: int, forbidden: list[tuple[str, int]]) -> list[object]:
        ours, theirs = _pair()
        with ours:
            with theirs:
                await self._send(Order(probed=tuple(forbidden)), [theirs.fileno(), namespace])
            return (await _receive(ours, Answer.REACHED))[0]

    def close(self) -> None:
        """Let the keeper end."""
        self._control.close()

    async def _connect(self) -> tuple[Uplink, int]:
        """Return a network and a descriptor of its namespace; the caller closes it."""
        own = own_networks()
        dns = self._options.dns or _FORWARDER
        order = Order(self._tools.nft, rules(self._options, own, dns), self._slirp())
        ours, theirs = _pair()
        namespaces: list[int] = []
        try:
            with theirs:
                await self._send(order, [theirs.fileno()])
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, namespaces = await _receive(ours, Answer.MADE)
                await _ready(ours)
        except BaseException as error:
            ours.close()
            for fd in namespaces:
                os.close(fd)
            if isinstance(error, TimeoutError):
                raise SandboxError("a network could not be made in time") from error
            raise
        return Uplink(ours, own), namespaces[0]

    def _slirp(self) -> tuple[str, ...]:
        ipv6 = ("--enable-ipv6",) if _knows_ipv6() else ()
        dns = ("--disable-dns",) if self._options.dns else ()
        return (self._tools.slirp, *_SLIRP, *ipv6, *dns, *_TARGET)

    async def _send(self, order: Order, fds: list[int]) -> None:
        packet = orders.encode(order)
        while True:
            try:
                socket.send_fds(self._control, [packet], fds)
            except BlockingIOError:
                await writable(self._control)
            except OSError as error:
                raise SandboxError(f"the keeper of networks is gone: {error}") from error
            else:
                return


def nameserver(options: NetworkOptions) -> Address:
    """Return what programs find in resolv.conf."""
    return options.dns or _FORWARDER


def _pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    return ours, theirs


async def _receive(channel: socket.socket, wanted: Answer) -> tuple[list[object], list[int]]:
    await readable(channel)
    packet, fds = handover.receive(channel)
    kind, values = orders.read_answer(packet)
    if kind is not wanted:
        raise SandboxError(f"a network could not be made: {' '.join(map(str, values))}")
    return values, fds


async def _ready(channel: socket.socket) -> None:
    await readable(channel)
    if channel.recv(orders.MAX_PACKET) != orders.READY:
        raise SandboxError("a network could not be made: slirp4netns ended")


@contextmanager
def _stand_ins(own: frozenset[str]) -> Iterator[list[tuple[str, int]]]:
    """Listen on this machine's own addresses; yields what must not be reached."""
    with ExitStack() as stack:
        found = []
        for address in ("127.0.0.1", *(name.partition("/")[0] for name in sorted(own))):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listener = stack.enter_context(socket.socket(family))
            with suppress(OSError):  # not every one of them is an address to listen on
                listener.bind((address, 0))
                listener.listen()
                port = listener.getsockname()[1]
                found.append((GATEWAY if address.startswith("127.") else address, port))
        yield found


def _find(program: str, package: str) -> str:
    path = os.pathsep.join((os.defpath, _SBIN))
    found = shutil.which(program) or shutil.which(program, path=path)
    if not found:
        raise NetworkError(
            f"SANDBOX_NETWORK needs {program}, which isn't here: apt-get install {package}, "
            "or leave the network off"
        )
    return found


def _knows_ipv6() -> bool:
    """Return whether this machine has a way to the IPv6 Internet."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(_SOMEWHERE_V6)
    except OSError:
        return False
    return True
