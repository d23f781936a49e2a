"""Has a network, and tries to get around its filter.

By devices, options, raw packets, the kernel's settings and namespaces. Prints one line
of JSON: what it got. argv[1]: JSON, the port and the addresses that must not be reached.

Must: contained
"""
import ctypes
import json
import os
import select
import socket
import struct
import sys
import time

port, addresses = json.loads(sys.argv[1])
got = {"reached": [], "rights": []}
DEVICES = ["tap0", "eth0"]  # of the two drivers
LSRR = bytes([131, 7, 4]) + socket.inet_aton("10.1.2.3") + b"\0"  # on to there, by way of another
SSRR = bytes([137]) + LSRR[1:]


def right(name, attempt):
    """Note a right that a program must not have."""
    try:
        attempt()
        got["rights"].append(name)
    except (OSError, AttributeError):
        pass


def options(one, level, name, value):
    try:
        one.setsockopt(level, name, value)
    except OSError:
        pass


def plain(one):
    pass


def on_device(device):
    return lambda one: options(one, socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())


def tricks(family):
    yield plain
    for device in DEVICES:
        yield on_device(device)
    if family == socket.AF_INET:
        yield lambda one: options(one, socket.IPPROTO_IP, socket.IP_OPTIONS, LSRR)
        yield lambda one: options(one, socket.IPPROTO_IP, socket.IP_OPTIONS, SSRR)
        yield lambda one: options(one, socket.IPPROTO_IP, 19, 1)  # IP_TRANSPARENT
        yield lambda one: options(one, socket.IPPROTO_IP, 15, 1)  # IP_FREEBIND
    else:
        header = struct.pack("!BBBBI", 0, 2, 4, 1, 0)  # segment routing
        segments = header + socket.inet_pton(socket.AF_INET6, addresses[-1]) * 1
        yield lambda one: options(one, socket.IPPROTO_IPV6, 57, segments)  # IPV6_RTHDR
    yield lambda one: options(one, socket.SOL_SOCKET, 36, 1)  # SO_MARK
    yield lambda one: options(one, socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)


watched = {}
for address in addresses:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for trick in tricks(family):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            one = socket.socket(family, kind)
            one.setblocking(False)
            trick(one)
            try:
                if kind == socket.SOCK_STREAM:
                    one.connect_ex((address, port))
                else:
                    one.sendto(b"hello", (address, port))
            except OSError:
                continue
            watched[one.fileno()] = (one, address)
end = time.monotonic() + 1.5
while watched and time.monotonic() < end:
    for fd in select.select(list(watched), [], [], 0.1)[0]:
        one, address = watched.pop(fd)
        try:
            if one.recv(16) == b"reached":
                got["reached"].append(address)
        except OSError:
            pass

libc = ctypes.CDLL(None, use_errno=True)


def call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


for name, family, kind in (
    ("raw", socket.AF_INET, socket.SOCK_RAW),
    ("raw6", socket.AF_INET6, socket.SOCK_RAW),
    ("packet", 17, socket.SOCK_RAW),
    ("netlink", 16, socket.SOCK_RAW),
):
    right(name, lambda f=family, k=kind: socket.socket(f, k, 1))
right("user namespace", lambda: call(libc.unshare(0x1000_0000)))
right("network namespace", lambda: call(libc.unshare(0x4000_0000)))
right("setns", lambda: call(libc.setns(os.open("/proc/self/ns/net", os.O_RDONLY), 0)))
for setting in ("ipv4/ip_forward", "ipv4/conf/all/route_localnet", "ipv4/ping_group_range"):
    right(setting, lambda s=setting: open(f"/proc/sys/net/{s}", "w").write("1"))
right("tun", lambda: os.open("/dev/net/tun", os.O_RDWR))


def device_up():
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", DEVICES[0].encode(), 0))


right("device", device_up)
print(json.dumps(got))
