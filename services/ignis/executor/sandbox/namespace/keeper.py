"""Makes filtered network namespaces, each with a slirp4netns of its own: for programs that may.

Forked by `boot` where an operator allows the network. It stays outside of every
sandbox, in a user namespace that no job is in or below, so that whatever a job
becomes, it has no rights over the network that it uses.
"""

# PTH: system calls by their own names, and as few of them as there can be.
# ruff: noqa: PTH101, PTH116, PTH123

import errno
import os
import resource
import signal
import socket
import stat
from contextlib import suppress
from typing import NoReturn

from ignis.executor.sandbox.namespace import linux, network, orders
from ignis.executor.sandbox.namespace.orders import Answer, Order
from ignis.executor.sandbox.namespace.uids import IdMap

_TUN = "/dev/net/tun"
_TUN_DEVICE = (10, 200)
_FOR_ALL = 0o666
# Of one slirp4netns: a descriptor is a connection, whose buffers take up to 256 KiB. So
# connections run out before memory does, which it would not survive.
_LIMITS = (
    (resource.RLIMIT_NOFILE, 512),
    (resource.RLIMIT_DATA, 192 << 20),
    (resource.RLIMIT_CORE, 0),
)
_NICE = 5
# Nobody else is on the link, so an IPv6 address needs no second of waiting.
_SYSCTLS = {
    "/proc/sys/net/ipv6/conf/default/accept_dad": "0",
    "/proc/sys/net/ipv6/conf/default/router_solicitation_delay": "0",
}
_PROBE_SECONDS = 0.5
_MOST_TEXT = 1000  # of what went wrong


def fork(control: socket.socket, ids: IdMap | None, *, bounded: bool) -> int:
    """Fork the keeper, which takes orders from `control`; returns its pid.

    `bounded` keeps TCP's buffers small, where no cgroup counts what they hold.

    Root gives it `ids`, and so a user namespace of its own. An ordinary user's
    keeper stays in the user namespace that it is forked in.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        _become(control, theirs, separate=ids is not None, bounded=bounded)
    theirs.close()
    with ours:
        if ids and ours.recv(1):
            _write(f"/proc/{pid}/uid_map", ids.lines)
            _write(f"/proc/{pid}/gid_map", ids.lines)
            ours.send(b"m")
    return pid


def _become(
    control: socket.socket, mapper: socket.socket, *, separate: bool, bounded: bool
) -> NoReturn:
    try:
        _keep_only(sorted((control.fileno(), mapper.fileno())))
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.setsid()
        if separate:
            _show_tun()
            os.setgroups([])
            linux.unshare(linux.CLONE_NEWUSER)
            mapper.send(b"u")
            mapper.recv(1)
            os.setresgid(0, 0, 0)
            os.setresuid(0, 0, 0)
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        mapper.close()
        _serve(control, bounded=bounded)
    finally:
        os._exit(1)


def _keep_only(kept: list[int]) -> None:
    """Close the descriptors of the fork server: its end would go unnoticed."""
    low = 3
    for fd in kept:
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def _show_tun() -> None:
    """Give root's keeper, which is about to be nobody, a tun device that is for everybody.

    Most machines have one; on others it is shown in a mount namespace of the keeper's own.
    """
    with suppress(OSError):
        if os.stat(_TUN).st_mode & _FOR_ALL == _FOR_ALL:
            return
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    with suppress(OSError):  # where even root may not make devices, the first network says so
        linux.mount("tmpfs", "/dev/net", "tmpfs", linux.MS_NOSUID | linux.MS_NOEXEC, "mode=755")
        os.mknod(_TUN, stat.S_IFCHR, os.makedev(*_TUN_DEVICE))
        os.chmod(_TUN, _FOR_ALL)


def _serve(control: socket.socket, *, bounded: bool) -> NoReturn:
    """Carry out orders until the driver is gone; every slirp4netns ends with this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps them
    while True:
        packet, fds, _, _ = socket.recv_fds(control, orders.MAX_PACKET, 2)
        if not packet:
            os._exit(0)
        order = orders.decode(packet)
        pid = os.fork()
        if pid == 0:
            control.close()
            _carry_out(order, socket.socket(fileno=fds[0]), fds[1:], bounded=bounded)
        for fd in fds:
            os.close(fd)


def _carry_out(order: Order, channel: socket.socket, fds: list[int], *, bounded: bool) -> NoReturn:
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        if order.probed:
            linux.setns(fds[0], linux.CLONE_NEWNET)
            reached = [list(pair) for pair in order.probed if _reaches(*pair)]
            channel.send(orders.answer(Answer.REACHED, reached))
        else:
            namespace = _filtered(order, bounded=bounded)
            socket.send_fds(channel, [orders.answer(Answer.MADE, [])], [namespace])
            _connect(order, channel, namespace)
    except Exception as error:  # noqa: BLE001 - the executor hears of everything
        channel.send(orders.answer(Answer.FAILED, [str(error)[:_MOST_TEXT]]))
    finally:
        os._exit(1)


def _reaches(host: str, port: int) -> bool:
    # getaddrinfo would import a codec, which may lie where only root can read.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(_PROBE_SECONDS)
        return probe.connect_ex((host, port)) == 0


def _filtered(order: Order, *, bounded: bool) -> int:
    """Return a new network namespace that has its filter, and nothing else yet."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        _make_filtered(order, theirs, bounded=bounded)
    theirs.close()
    text, fds, _, _ = socket.recv_fds(ours, orders.MAX_PACKET, 1)
    ours.close()
    os.waitpid(pid, 0)
    if not fds:
        raise OSError(errno.EIO, text.decode(errors="replace") or "it ended")
    return fds[0]


def _make_filtered(order: Order, result: socket.socket, *, bounded: bool) -> NoReturn:
    try:
        linux.unshare(linux.CLONE_NEWNET)
        for path, value in _SYSCTLS.items():
            with suppress(OSError):  # no IPv6, or a read-only /proc/sys: then it takes longer
                _write(path, value)
        if bounded:
            network.bound_buffers()
        _load(order)
        os.close(os.open(_TUN, os.O_RDWR))  # says what is wrong better than slirp4netns
        namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
        socket.send_fds(result, [b"n"], [namespace])
    except OSError as error:
        result.send(f"{error.filename or ''} {error.strerror}".strip().encode())
    finally:
        os._exit(0)


def _load(order: Order) -> None:
    rules, said = os.memfd_create("rules"), os.memfd_create("said")
    os.write(rules, order.rules.encode())
    os.lseek(rules, 0, os.SEEK_SET)
    actions = [(os.POSIX_SPAWN_DUP2, rules, 0), (os.POSIX_SPAWN_DUP2, said, 2)]
    pid = os.posix_spawn(order.nft, [order.nft, "-f", "-"], {}, file_actions=actions)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        text = os.pread(said, orders.MAX_PACKET, 0).decode(errors="replace").strip()
        raise OSError(errno.EIO, f"nft refused the filter: {text or status}")


def _connect(order: Order, channel: socket.socket, namespace: int) -> NoReturn:
    """Become the slirp4netns of a namespace; it ends when the driver closes the channel."""
    ready, ended = os.dup(channel.fileno()), os.dup(channel.fileno())
    for fd in (namespace, ready, ended):
        os.set_inheritable(fd, True)
    null = os.open(os.devnull, os.O_RDWR)
    for target in range(3):
        os.dup2(null, target)
    for kind, most in _LIMITS:
        resource.setrlimit(kind, (most, most))
    os.nice(_NICE)
    filled = {"ready": ready, "exit": ended, "netns": namespace}
    argv = [part.format(**filled) for part in order.slirp]
    os.execve(argv[0], argv, {})  # noqa: S606 - what this is for


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
