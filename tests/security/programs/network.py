"""Knocks at every door of a network: loopback, the services' ports, link-local, IPv6, DNS, raw.

Must: contained
"""
import fcntl
import os
import socket
import struct

SERVICES = (22, 53, 80, 443, 2375, 2376, 4222, 5432, 6222, 6379, 6443, 8080, 8222, 9090, 9901, 10250,
            *range(50051, 50060))
HOSTS = ("127.0.0.1", "127.0.0.53", "127.0.1.1", "0.0.0.0", "169.254.169.254", "10.0.0.1", "10.0.2.2", "172.17.0.1",
         "192.168.0.1", "192.168.65.2", "100.64.0.1", "8.8.8.8", "224.0.0.1", "255.255.255.255")
HOSTS6 = ("::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "fe80::1", "fd00::1", "ff02::1", "2001:4860:4860::8888",
          "64:ff9b::808:808")
for family, hosts in ((socket.AF_INET, HOSTS), (socket.AF_INET6, HOSTS6)):
    for host in hosts:
        for port in SERVICES:
            try:
                with socket.socket(family, socket.SOCK_STREAM) as tried:
                    tried.settimeout(0.05)
                    tried.connect((host, port))
                    print("ESCAPED", host, port)
            except OSError:
                pass
        here = host in ("127.0.0.1", "127.0.0.53", "127.0.1.1", "0.0.0.0", "::1", "::ffff:127.0.0.1")
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                tried.sendto(b"x", (host, 53))
                if not here:
                    print("ESCAPED datagram to", host)
        except OSError:
            pass
for family, kind, protocol in ((socket.AF_INET, socket.SOCK_RAW, 255), (socket.AF_INET, socket.SOCK_RAW, 1),
                               (socket.AF_INET, socket.SOCK_DGRAM, 1), (socket.AF_INET6, socket.SOCK_RAW, 58),
                               (socket.AF_PACKET, socket.SOCK_RAW, 3), (socket.AF_NETLINK, socket.SOCK_RAW, 0),
                               (socket.AF_INET, socket.SOCK_STREAM, 262), (40, socket.SOCK_STREAM, 0),
                               (38, socket.SOCK_SEQPACKET, 0), (44, socket.SOCK_RAW, 0)):
    try:
        tried = socket.socket(family, kind, protocol)
    except OSError:
        continue
    # Pings have a socket without a privilege on some kernels; protocol 262 is MPTCP. Neither leads out.
    if (family, kind, protocol) in ((socket.AF_INET, socket.SOCK_DGRAM, 1), (socket.AF_INET, socket.SOCK_STREAM, 262)):
        tried.settimeout(0.05)
        try:
            tried.connect(("8.8.8.8", 53))
            print("ESCAPED", protocol)
        except OSError:
            continue
    else:
        print("ESCAPED", family, kind, protocol)
for name in ("example.com", "localhost.localdomain", "host.docker.internal", "metadata.google.internal"):
    try:
        print("ESCAPED", socket.getaddrinfo(name, 80))
    except OSError:
        pass
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    for request, value in ((0x8916, struct.pack("16sHHI8x", b"lo", 2, 0, 0x0100000A)),
                           (0x8914, struct.pack("16sh14x", b"lo", 0)), (0x89A0, b"bridge".ljust(32, b"\0"))):
        try:
            fcntl.ioctl(control, request, value)
            print("ESCAPED ioctl", hex(request))
        except OSError:
            pass
try:
    os.open("/dev/net/tun", os.O_RDWR)
    print("ESCAPED tun")
except OSError:
    pass
print("contained")
