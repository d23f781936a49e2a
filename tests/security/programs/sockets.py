"""Opens sockets of every family and looks for a way out.

Must: contained
"""
import socket

for family in range(1, 64):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind).close()
        except OSError:
            continue
        if family not in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6) or (
            kind == socket.SOCK_RAW and family != socket.AF_UNIX
        ):
            print("ESCAPED", family, kind)
for host, port in (("169.254.169.254", 80), ("10.0.0.1", 22), ("192.168.0.1", 80), ("8.8.8.8", 53),
                   ("172.17.0.1", 80), ("127.0.0.1", 4222), ("127.0.0.1", 50051)):
    try:
        socket.create_connection((host, port), 0.2)
        print("ESCAPED", host)
    except OSError:
        pass
for host in ("::1", "fe80::1", "2001:4860:4860::8888"):
    try:
        socket.create_connection((host, 80), 0.2)
        print("ESCAPED", host)
    except OSError:
        pass
try:
    print("ESCAPED", socket.getaddrinfo("example.com", 80))
except OSError:
    pass
for line in open("/proc/net/dev").readlines()[2:]:
    if not line.strip().startswith("lo:"):
        print("ESCAPED", line)
print("contained")
