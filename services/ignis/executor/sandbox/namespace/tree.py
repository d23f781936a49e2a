"""Builds the read-only root that all sandboxes of a fork server share."""

# PTH: system calls by their own names, and as few of them as there can be.
# S108: these folders are the sandbox's own.
# ruff: noqa: PTH102, PTH103, PTH112, PTH114, PTH115, PTH120, PTH123, PTH211, S108

import os
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

from ignis.executor.sandbox.hidden import HIDDEN
from ignis.executor.sandbox.namespace import linux
from ignis.executor.sandbox.namespace.uids import JOB_ID

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
# Where each job gets mounts of its own; /var/empty hides folders of /proc.
_FOLDERS = ("/box", "/tmp", "/proc", "/dev/shm", "/var/empty", "/run", "/root")
_LINKS = {"/var/tmp": "/tmp", "/var/run": "/run"}
_ETC = {
    "passwd": f"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"
    f"ignis:x:{JOB_ID}:{JOB_ID}:ignis:/box:/bin/sh\n",
    "group": f"root:x:0:\nnogroup:x:65534:\nignis:x:{JOB_ID}:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 ignis\n",
    "hostname": "ignis\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
_ETC_COPIED = ("ld.so.cache",)
_ETC_SHOWN = ("alternatives",)
_ETC_COPIED_FOR_NETWORK = ("protocols", "services", "ssl/openssl.cnf")
_ETC_SHOWN_FOR_NETWORK = ("ssl/certs",)  # whom programs trust; the keys beside them are not shown
_READ_ONLY = linux.MOUNT_ATTR_RDONLY | linux.MOUNT_ATTR_NOSUID


def build(
    mounts: tuple[tuple[str, str], ...],
    files: Mapping[str, bytes] = MappingProxyType({}),
    nameserver: str = "",
    at: str = "/tmp",
) -> None:
    """Build the root over the folder `at` and move into it.

    `mounts` are (source, target), `files` are more files by their paths. With a
    `nameserver` it has what programs with a network look for.

    Call it in a mount namespace and pid namespace of one's own: it sees
    nothing of the host afterwards but what is in the tree.
    """
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    # A mount source below `at` would vanish under the new root: keep it by descriptor.
    sources = [os.open(source, os.O_PATH | os.O_CLOEXEC) for source, _ in mounts]
    linux.mount("tmpfs", at, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755,size=8m")
    _show_system(at)
    _make_folders(at)
    _make_etc(f"{at}/etc")
    if nameserver:
        _make_resolving(f"{at}/etc", nameserver)
    for path, content in files.items():
        os.makedirs(os.path.dirname(at + path), 0o755, exist_ok=True)
        _write(at + path, content)
    for source, (_, target) in sorted(
        zip(sources, mounts, strict=True), key=lambda pair: pair[1][1]
    ):
        _show(f"/proc/self/fd/{source}", at + target)
    linux.restrict(at, _READ_ONLY | linux.MOUNT_ATTR_NODEV)
    _make_devices(f"{at}/dev")
    proc_flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("proc", f"{at}/proc", "proc", proc_flags)
    linux.pivot(at)
    for source in sources:
        os.close(source)


def hidden_now() -> tuple[str, ...]:
    """Return the paths of HIDDEN that this kernel has."""
    return tuple(path for name in HIDDEN if os.path.lexists(path := f"/proc/{name}"))


def _show_system(at: str) -> None:
    for path in _SYSTEM:
        if os.path.islink(path):
            os.symlink(os.readlink(path), at + path)
        elif os.path.isdir(path):
            _show(path, at + path)


def _make_folders(at: str) -> None:
    os.mkdir(f"{at}/dev", 0o755)
    for path in _FOLDERS:
        os.makedirs(at + path, 0o755, exist_ok=True)
    for path, to in _LINKS.items():
        os.symlink(to, at + path)


def _make_etc(etc: str) -> None:
    os.mkdir(etc, 0o755)
    for name, text in _ETC.items():
        _write(f"{etc}/{name}", text.encode())
    _show_etc(etc, _ETC_COPIED, _ETC_SHOWN)


def _make_resolving(etc: str, nameserver: str) -> None:
    os.mkdir(f"{etc}/ssl", 0o755)
    _write(f"{etc}/resolv.conf", f"nameserver {nameserver}\n".encode())
    _show_etc(etc, _ETC_COPIED_FOR_NETWORK, _ETC_SHOWN_FOR_NETWORK)


def _show_etc(etc: str, copied: tuple[str, ...], shown: tuple[str, ...]) -> None:
    for name in copied:
        with suppress(FileNotFoundError), open(f"/etc/{name}", "rb") as source:
            _write(f"{etc}/{name}", source.read())
    for name in shown:
        if os.path.isdir(f"/etc/{name}"):
            _show(f"/etc/{name}", f"{etc}/{name}")


def _make_devices(dev: str) -> None:
    # The tree is read-only already: devices and their links need their own mount.
    linux.mount("tmpfs", dev, "tmpfs", linux.MS_NOSUID | linux.MS_NOEXEC, "mode=755,size=64k")
    os.mkdir(f"{dev}/shm", 0o755)
    for name in _DEVICES:
        _write(f"{dev}/{name}", b"")
        linux.bind(f"/dev/{name}", f"{dev}/{name}")
    for name, to in _DEVICE_LINKS.items():
        os.symlink(to, f"{dev}/{name}")
    linux.restrict(dev, _READ_ONLY | linux.MOUNT_ATTR_NOEXEC)


def _show(source: str, target: str) -> None:
    if os.path.isdir(source):
        os.makedirs(target, 0o755, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
        _write(target, b"")
    linux.bind(source, target)


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
