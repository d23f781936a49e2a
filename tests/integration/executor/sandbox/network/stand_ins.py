"""Servers that stand in for the Internet, and for all that no program may reach."""

import itertools
import os
import selectors
import socket
import struct
from contextlib import suppress
from typing import NoReturn

PORT = 8080  # of every stand-in, TCP and UDP
DNS_PORT = 53
PUBLIC_NAME, PUBLIC_V4, PUBLIC_V6 = "public.test", "45.11.0.2", "2600:1::2"
INSIDE_NAME = "inside.test"  # leads to a private address
# The machine's own addresses: the way to the others, and private ones.
HOST = ("45.11.0.1", "10.77.0.1", "2600:1::1", "fd77::1")
RESOLVER = "10.53.0.53"  # the machine's: programs reach port 53, through slirp4netns
OPEN_RESOLVER = "9.9.9.9"  # one that an operator names
DENIED = "45.11.99.9"  # public, and denied by the operator
FORBIDDEN = {
    "private 10/8": "10.1.2.3",
    "private 172.16/12": "172.16.9.9",
    "private 192.168/16": "192.168.5.5",
    "link-local, metadata": "169.254.169.254",
    "carrier-grade NAT": "100.64.1.1",
    "benchmarks": "198.18.0.1",
    "the host in Azure": "168.63.129.16",
    "documentation": "192.0.2.55",
    "documentation, last": "203.0.113.7",
    "protocol assignments": "192.0.0.192",
    "relays of 6to4": "192.88.99.1",
    "denied by the operator": DENIED,
    "the machine's resolver, at another port": RESOLVER,
    "unique local, metadata": "fd00:ec2::254",
    "unique local": "fc00::9",
    "NAT64": "64:ff9b::a01:203",
    "NAT64, local": "64:ff9b:1::1",
    "6to4": "2002:a01:203::1",
    "Teredo": "2001:0:1::1",
    "documentation, IPv6": "2001:db8::1",
    "discard": "100::1",
}
_MOST = 1 << 16
_IP_PKTINFO = 8  # which Python doesn't name
_V4_INFO = struct.Struct("=I4s4s")  # interface, local address, address in the header
_V6_INFO = struct.Struct("=16sI")


def listen(*ports: int) -> list[socket.socket]:
    """Return sockets that take TCP and UDP, IPv4 and IPv6, on every address."""
    families = (socket.AF_INET, socket.AF_INET6)
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
    return [_listener(*one) for one in itertools.product(families, kinds, ports)]


def _listener(family: int, kind: int, port: int) -> socket.socket:
    one = socket.socket(family, kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        one.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    one.bind(("", port))
    if kind == socket.SOCK_STREAM:
        one.listen(64)
    return one


def serve(sockets: list[socket.socket], hits: int) -> NoReturn:
    """Answer for ever, and write every address and port that was reached to `hits`, a line each."""
    with selectors.DefaultSelector() as selector:
        for one in sockets:
            selector.register(one, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select():
                one = key.data
                port = one.getsockname()[1]
                stream = one.type == socket.SOCK_STREAM
                local = _serve_stream(one) if stream else _serve_datagram(one, port)
                with suppress(BlockingIOError):  # nobody reads while a program floods
                    os.write(hits, f"{local} {port}\n".encode())


def _serve_stream(one: socket.socket) -> str:
    taken, _ = one.accept()
    with taken:
        local = str(taken.getsockname()[0])
        with suppress(OSError):  # who came may be gone
            taken.sendall(b"reached")
        return local


def _serve_datagram(one: socket.socket, port: int) -> str:
    data, extra, _, peer = one.recvmsg(_MOST, 256)
    ((level, kind, info),) = extra
    if one.family == socket.AF_INET:
        _, _, local = _V4_INFO.unpack(info)
        source = _V4_INFO.pack(0, local, b"\0" * 4)
    else:
        local, _ = _V6_INFO.unpack(info)
        source = _V6_INFO.pack(local, 0)
    reply = resolve(data) if port == DNS_PORT else b"reached"
    # From the address that was asked, or nobody takes it.
    one.sendmsg([reply], [(level, kind, source)], 0, peer)
    return socket.inet_ntop(one.family, local)


def resolve(query: bytes) -> bytes:
    """Answer for a public name with the public stand-in, for any other with a private address."""
    end = query.index(b"\0", 12) + 1
    (kind,) = struct.unpack_from("!H", query, end)
    public = query[13:].startswith(PUBLIC_NAME.partition(".")[0].encode())
    answers = {
        1: socket.inet_pton(socket.AF_INET, PUBLIC_V4 if public else FORBIDDEN["private 10/8"]),
        28: socket.inet_pton(socket.AF_INET6, PUBLIC_V6 if public else FORBIDDEN["unique local"]),
    }
    address = answers.get(kind, b"")
    head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, bool(address), 0, 0)
    question = query[12 : end + 4]
    if not address:
        return head + question
    return head + question + struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(address)) + address
