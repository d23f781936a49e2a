"""A closed world for programs with a network: a machine, and an Internet that isn't one.

`main` (`Visit` on stdin, `Report` on stdout, both pickled) is that machine: it runs in
network and mount namespaces of its own, so that nothing ever reaches the real network, and
all of it ends with its process.
"""

import asyncio
import os
import pickle
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import pytest
from tests.integration.executor.sandbox import hosts, leftovers
from tests.integration.executor.sandbox.network import engine, stand_ins
from tests.integration.executor.sandbox.network.stand_ins import FORBIDDEN, HOST

from ignis.executor.models import Outcome, Program
from ignis.executor.sandbox.namespace import linux
from ignis.executor.sandbox.network.options import NetworkOptions

ROOT = Path(__file__).parents[5]
_SECONDS = 110  # after which a world ends, whatever happens
_PATIENCE = 2.0
_ON_LINK = ("45.11.0.", "2600:1:")  # between the machine and the others
_TUN = Path("/dev/net/tun")


@dataclass(frozen=True)
class Visit:
    """What shall happen in a world."""

    mode: str  # as in hosts
    options: NetworkOptions
    programs: tuple[Program, ...]


@dataclass
class Report:
    """What happened in it."""

    outcomes: list[Outcome] = field(default_factory=list)
    hits: set[str] = field(default_factory=set)  # `address port` that programs reached
    left: list[str] = field(default_factory=list)  # processes that the sandbox left
    error: str = ""  # why there was no sandbox


def skip_unless_possible(mode: str) -> None:
    """Skip where no world can be made; in CI that is a failure."""
    hosts.skip_unless_possible(mode)
    if os.geteuid() != 0:
        pytest.skip("a closed world takes root")
    needed = ["unshare", "nsenter", "ip", "nft"]
    needed.append("dockerd" if mode == "docker" else "slirp4netns")
    missing = [program for program in needed if not shutil.which(program)]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"missing: {missing}")
    if missing:
        pytest.skip(f"missing: {missing}")


async def visit(wanted: Visit) -> Report:
    """Make a world, let it happen, and return what did."""
    with tempfile.TemporaryDirectory(prefix="ignis-world-") as name:
        folder, environment = Path(name), dict(os.environ)
        if wanted.mode == "docker":
            await asyncio.to_thread(engine.save, folder)
            environment["DOCKER_HOST"] = engine.host_of(folder)
        process = await asyncio.create_subprocess_exec(
            *("unshare", "--mount", "--net", "--propagation", "private"),
            *(sys.executable, "-c", f"from {__name__} import main; main()", name),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env=environment,
        )
        said, complaints = await process.communicate(pickle.dumps(wanted))
    assert process.returncode == 0, complaints.decode()
    report: Report = pickle.loads(said)
    return report


class World:
    """The machine, in the namespaces of this process."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        self._hits = reading
        self._far = _fork_far(writing)
        _connect(self._far)
        self._near = _fork_near(writing)
        os.close(writing)

    def prove(self) -> None:
        """Reach everything from the machine itself: what a job can't reach is filtered."""
        every = (stand_ins.PUBLIC_V4, stand_ins.PUBLIC_V6, *FORBIDDEN.values(), *HOST, "127.0.0.1")
        missing = [one for one in every if not (_tcp(one) and _udp(one))]
        assert missing == [], f"the world is not as it should be: {missing}"
        self.hits()

    def hits(self) -> set[str]:
        """Return what was reached since the last call."""
        found = set()
        while select.select([self._hits], [], [], 0.05)[0]:
            found |= set(os.read(self._hits, 1 << 16).decode().split("\n")) - {""}
        return found

    def processes(self) -> set[int]:
        """Return its own processes."""
        return {self._far, self._near}

    def close(self) -> None:
        """End its processes; their namespaces go with them."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _fork_far(hits: int) -> int:
    """Fork what is everything but the machine, in a network namespace of its own."""
    ready, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        linux.unshare(linux.CLONE_NEWNET)
        sockets = stand_ins.listen(stand_ins.PORT, stand_ins.DNS_PORT)
        os.write(done, b"r")
        stand_ins.serve(sockets, hits)
    os.close(done)
    assert os.read(ready, 1) == b"r"
    os.close(ready)
    return pid


def _fork_near(hits: int) -> int:
    """Fork the machine's own services, on all its addresses."""
    sockets = stand_ins.listen(stand_ins.PORT)
    pid = os.fork()
    if pid == 0:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        stand_ins.serve(sockets, hits)
    for one in sockets:
        one.close()
    return pid


def _connect(far: int) -> None:
    _ip("link set lo up")
    _ip(f"link add near type veth peer name far netns {far}")
    for address in HOST:
        _ip(_adding(address, "near"))
    _ip("link set near up")
    commands = ["link set lo up", "link set far up"]
    public = (stand_ins.PUBLIC_V4, stand_ins.PUBLIC_V6, stand_ins.OPEN_RESOLVER)
    commands += [_adding(one, "far") for one in (*public, *FORBIDDEN.values())]
    four, private_four, six, private_six = HOST
    commands += [f"route add {private_four} via {four}", f"route add {private_six} via {six}"]
    batch = "\n".join(commands).encode()
    entering = ("nsenter", f"--net=/proc/{far}/ns/net", "ip", "-batch", "-")
    subprocess.run(entering, input=batch, check=True)
    _ip(f"route add default via {stand_ins.PUBLIC_V4}")
    _ip(f"-6 route add default via {stand_ins.PUBLIC_V6}")


def _adding(address: str, device: str) -> str:
    version = ip_address(address).version
    on_link = address.startswith(_ON_LINK)
    length = {4: 24 if on_link else 32, 6: 64 if on_link else 128}[version]
    return f"address add {address}/{length} dev {device}" + (" nodad" if version > 4 else "")


def _ip(command: str) -> None:
    subprocess.run(("ip", *command.split()), check=True)


def _tcp(address: str) -> bool:
    try:
        with socket.create_connection((address, stand_ins.PORT), _PATIENCE) as one:
            return one.recv(16) == b"reached"
    except OSError:
        return False


def _udp(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.settimeout(_PATIENCE)
        try:
            one.sendto(b"hello", (address, stand_ins.PORT))
            return one.recv(16) == b"reached"
        except OSError:
            return False


@contextmanager
def _furnished(mode: str, folder: Path) -> Iterator[None]:
    """Give the machine its resolver, and a tun device for ordinary users; or an engine."""
    if mode == "docker":
        linux.mount("tmpfs", "/run", "tmpfs")
        with engine.running(folder):
            yield
        return
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver {stand_ins.RESOLVER}\n")
    linux.mount(str(resolver), "/etc/resolv.conf", flags=linux.MS_BIND)
    _TUN.parent.mkdir(exist_ok=True)
    linux.mount("tmpfs", str(_TUN.parent), "tmpfs")
    os.mknod(_TUN, stat.S_IFCHR | 0o666, os.makedev(10, 200))
    _TUN.chmod(0o666)
    yield


async def _happen(wanted: Visit, world: World, report: Report) -> None:
    host = await hosts.open_host(wanted.mode, network=wanted.options)
    try:
        for program in wanted.programs:
            report.outcomes.append(await host.run(program))
        report.hits = world.hits()
    finally:
        await host.close()


def main() -> None:
    """Be that machine, for one visit."""
    signal.alarm(_SECONDS)
    wanted: Visit = pickle.load(sys.stdin.buffer)
    world, report = World(), Report()
    try:
        world.prove()
        with _furnished(wanted.mode, Path(sys.argv[1])):
            asyncio.run(_happen(wanted, world, report))
        left = leftovers.children(os.getpid()) - world.processes()
        report.left = [Path(f"/proc/{pid}/cmdline").read_text() for pid in left]
    finally:
        world.close()
    sys.stdout.buffer.write(pickle.dumps(report))
