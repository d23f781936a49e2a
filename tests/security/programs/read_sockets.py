"""Looks for sockets of the host: Docker's, containerd's, D-Bus's, the journal's, and abstract ones.

Must: contained
"""
import glob
import os
import socket

paths = ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock",
         "/run/dbus/system_bus_socket", "/run/systemd/journal/socket", "/run/systemd/private",
         "/run/nscd/socket", "/dev/log", "/tmp/.X11-unix/X0", "\0/tmp/.X11-unix/X0"]
for root in ("", "/proc/1/root", "/proc/self/root", "/proc/self/cwd/../../..", "/.."):
    for path in paths:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            with socket.socket(socket.AF_UNIX, kind) as tried:
                try:
                    tried.connect(path if path.startswith("\0") else root + path)
                    print("ESCAPED", root, path)
                except OSError:
                    pass
for line in open("/proc/net/unix").readlines()[1:]:
    if len(line.split()) > 7:
        print("ESCAPED", line)
for folder in ("/run", "/var/run", "/tmp", "/dev/shm", "/var/lib/docker", "/run/user"):
    for found in glob.glob(f"{folder}/**", recursive=True):
        if os.path.exists(found) and __import__("stat").S_ISSOCK(os.stat(found).st_mode):
            print("ESCAPED", found)
print("contained")
