"""Takes memory that only sockets hold: TCP and UDP on loopback, and socket pairs.

Must: memory
Within: memory_kb=49152
"""
import os
import socket

kept = []


def fill(sender, receiver):
    sender.setblocking(False)
    kept.extend((sender, receiver))
    try:
        while True:
            sender.send(bytes(1 << 16))
    except OSError:
        pass


def tcp():
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = socket.create_connection(server.getsockname())
        fill(sender, server.accept()[0])


def udp():
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(receiver.getsockname())
    kept.extend((sender, receiver))
    for _ in range(8):
        try:
            sender.send(bytes(50_000))
        except OSError:
            pass


os.fork()
os.fork()
for way in (tcp, udp, lambda: fill(*socket.socketpair())):
    try:
        for _ in range(100):
            way()
    except OSError:
        pass
signal = __import__("signal")
signal.pause()
