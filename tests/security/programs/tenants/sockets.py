"""Listens wherever a socket can listen, and knocks at each of these doors of the other's.

Abstract and named Unix sockets, TCP and UDP on every address, multicast and broadcast.
"""

import socket
import sys

me, other = sys.argv[1:]
PORTS = {"alice": 41_001, "bob": 41_002}
kept = []


def listen(family, kind, address):
    opened = socket.socket(family, kind)
    try:
        opened.bind(address)
        if kind == socket.SOCK_STREAM:
            opened.listen()
    except OSError:
        return
    opened.setblocking(False)
    kept.append(opened)


def plant():
    listen(socket.AF_UNIX, socket.SOCK_STREAM, f"\0ignis-{me}")
    listen(socket.AF_UNIX, socket.SOCK_DGRAM, f"\0ignis-{me}-datagrams")
    listen(socket.AF_UNIX, socket.SOCK_STREAM, f"/tmp/{me}.socket")
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        listen(socket.AF_INET, kind, ("0.0.0.0", PORTS[me]))
        listen(socket.AF_INET6, kind, ("::", PORTS[me]))
    group = socket.inet_aton("224.0.0.251") + socket.inet_aton("127.0.0.1")
    for opened in kept:
        if opened.family == socket.AF_INET and opened.type == socket.SOCK_DGRAM:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)


def found():
    for address in (f"\0ignis-{other}", f"/tmp/{other}.socket"):
        yield from knock(socket.AF_UNIX, socket.SOCK_STREAM, address)
    yield from knock(socket.AF_UNIX, socket.SOCK_DGRAM, f"\0ignis-{other}-datagrams")
    for host in ("127.0.0.1", "127.9.9.9", "0.0.0.0"):
        yield from knock(socket.AF_INET, socket.SOCK_STREAM, (host, PORTS[other]))
    yield from knock(socket.AF_INET6, socket.SOCK_STREAM, ("::1", PORTS[other]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        for host in ("127.0.0.1", "127.255.255.255", "255.255.255.255", "224.0.0.251"):
            try:
                sender.sendto(me.encode(), (host, PORTS[other]))
            except OSError:
                pass
    for opened in kept:
        try:
            if opened.type == socket.SOCK_STREAM:
                yield f"visitor {opened.accept()[1]}"
            elif opened.recv(100) == other.encode():
                yield "datagram"
        except OSError:
            pass
    if any(other in line for line in open("/proc/net/unix")):
        yield "/proc/net/unix"


def knock(family, kind, address):
    with socket.socket(family, kind) as tried:
        tried.settimeout(0.05)
        try:
            tried.connect(address)
            yield address
        except OSError:
            pass
