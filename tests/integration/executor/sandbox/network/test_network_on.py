"""Programs with a network reach the Internet, and nothing that is anybody's inside."""

import json
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.integration.executor.sandbox import hosts
from tests.integration.executor.sandbox.network import stand_ins
from tests.integration.executor.sandbox.network.stand_ins import FORBIDDEN, HOST, PORT
from tests.integration.executor.sandbox.network.world import (
    Report,
    Visit,
    skip_unless_possible,
    visit,
)
from tests.integration.executor.sandbox.programs import limits, python, ran

from ignis.executor.sandbox.network.options import NetworkOptions

# Each process that runs some of these makes a world, and an engine, of its own.
pytestmark = pytest.mark.xdist_group("network")

OPTIONS = NetworkOptions(enabled=True, denied=(ip_network(stand_ins.DENIED),))
DOCKER_OPTIONS = replace(OPTIONS, dns=ip_address(stand_ins.OPEN_RESOLVER))
# What only exists for the job: its own way out, and addresses that stand for many or for IPv4.
ONLY_INSIDE = ["10.0.2.2", "10.0.2.3", "fd00::2", "fd00::3", "fe80::2%tap0", "::ffff:10.1.2.3"]
ONLY_INSIDE += ["::ffff:127.0.0.1", "::ffff:45.11.0.1", "224.0.0.251", "255.255.255.255"]
ONLY_INSIDE += [
    "172.17.0.1",
    "172.18.0.1",
    "45.11.0.255",
    "240.0.0.1",
    "0.0.0.0",
    "::",
    "127.0.0.1",
    "::1",
    "ff02::1%tap0",
]
ESCAPE = Path(__file__).parents[4] / "security" / "programs" / "connected" / "escape.py"
TRIED = [stand_ins.PUBLIC_V4, stand_ins.PUBLIC_V6, *FORBIDDEN.values(), *HOST, *ONLY_INSIDE]
# Tries every address with TCP and UDP at once, for a second and a half, and says who answered.
TRY = """
import json, selectors, socket, sys, time
port, names, addresses = json.loads(sys.argv[1])
found = {"tcp": [], "udp": [], "names": {}}
for name in names:
    for tries in range(3):
        try:
            infos = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
            found["names"][name] = sorted({info[4][0] for info in infos})
            break
        except socket.gaierror as error:
            found["names"][name] = str(error)
selector = selectors.DefaultSelector()
for address in addresses:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for kind, option in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
        one = socket.socket(family, option)
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        try:
            target = socket.getaddrinfo(address, port, flags=socket.AI_NUMERICHOST)[0][4]
            if kind == "udp":
                one.sendto(b"hello", target)
            else:
                one.connect_ex(target)
            selector.register(one, selectors.EVENT_READ, (kind, address))
        except OSError:
            continue
end = time.monotonic() + 1.5
while time.monotonic() < end:
    for key, _ in selector.select(0.1):
        kind, address = key.data
        try:
            if key.fileobj.recv(16) == b"reached":
                found[kind].append(address)
        except OSError:
            pass
        selector.unregister(key.fileobj)
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Seen:
    """What one program saw, with and without a network."""

    mode: str
    on: dict[str, Any]
    off: dict[str, Any]
    escape: dict[str, Any]  # what ESCAPE got
    report: Report


def trying(names: list[str], addresses: list[str]) -> Any:  # noqa: ANN401 - a program
    """Return a program that tries names and addresses."""
    return python(TRY, json.dumps([PORT, names, addresses]))


@pytest_asyncio.fixture(name="seen", scope="module", loop_scope="module", params=hosts.MODES)
async def seen_fixture(request: pytest.FixtureRequest) -> Seen:
    """Try everything in a closed world, by root and by an ordinary user."""
    skip_unless_possible(request.param)
    program = trying([stand_ins.PUBLIC_NAME, stand_ins.INSIDE_NAME], TRIED)
    forbidden = [*FORBIDDEN.values(), *HOST, "10.0.2.2", "172.18.0.1", FORBIDDEN["unique local"]]
    escape = python(ESCAPE.read_text(), json.dumps([PORT, forbidden]))
    programs = (replace(program, network=True), program, replace(escape, network=True))
    options = DOCKER_OPTIONS if request.param == "docker" else OPTIONS
    report = await visit(Visit(request.param, options, programs))
    results = [ran(outcome) for outcome in report.outcomes]
    assert [0, 0, 0] == [one.exit_code for one in results], [one.stderr for one in results]
    on, off, escaped = (json.loads(one.stdout) for one in results)
    return Seen(request.param, on, off, escaped, report)


def public(seen: Seen) -> set[str]:
    """Return what a program may reach: docker's bridge has no IPv6."""
    return {stand_ins.PUBLIC_V4} | ({stand_ins.PUBLIC_V6} if seen.mode != "docker" else set())


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_public_addresses_are_reached_and_no_others(seen: Seen, kind: str) -> None:
    """Of all that the machine itself can reach, a program reaches what is public."""
    assert public(seen) == set(seen.on[kind])


def test_nothing_forbidden_hears_of_it(seen: Seen) -> None:
    """Not even one packet arrives: the servers have seen public addresses, and the resolver."""
    resolver = stand_ins.OPEN_RESOLVER if seen.mode == "docker" else stand_ins.RESOLVER
    wanted = {f"{resolver} {stand_ins.DNS_PORT}", *(f"{one} {PORT}" for one in public(seen))}
    assert wanted == seen.report.hits


def test_names_are_found_through_the_resolver_of_the_machine(seen: Seen) -> None:
    """DNS works; a name may lead to a private address, which leads nowhere."""
    found = set(seen.on["names"][stand_ins.PUBLIC_NAME])
    assert stand_ins.PUBLIC_V4 in found <= {stand_ins.PUBLIC_V4, stand_ins.PUBLIC_V6}
    assert FORBIDDEN["private 10/8"] in seen.on["names"][stand_ins.INSIDE_NAME]


def test_a_program_that_did_not_ask_has_no_network(seen: Seen) -> None:
    """The default stays an empty namespace, also where others have a network."""
    assert ([], []) == (seen.off["tcp"], seen.off["udp"])
    assert all(isinstance(found, str) for found in seen.off["names"].values())


def test_no_trick_gets_around_the_filter(seen: Seen) -> None:
    """Devices, options, raw packets and the kernel's settings lead nowhere."""
    assert {"reached": [], "rights": []} == seen.escape


def test_nothing_is_left(seen: Seen) -> None:
    """No slirp4netns, keeper or anything else outlives the sandbox."""
    assert [] == seen.report.left


# Opens more connections than there may be, lets go of them, and opens one more.
FLOOD = """
import socket, time
held = []
for _ in range(600):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(("%s", %d))
    held.append(one)
time.sleep(1)
reached = 0
for one in held:
    try:
        reached += one.recv(16) == b"reached"
    except OSError:
        pass
    one.close()
print(0 < reached < 600)
for _ in range(300):
    try:
        print(socket.create_connection(("%s", %d), 1).recv(16) == b"reached")
        break
    except OSError:
        time.sleep(0.1)
""" % ((stand_ins.PUBLIC_V4, PORT) * 2)  # noqa: UP031 - braces are the program's


async def test_a_flood_of_connections_ends_with_itself() -> None:
    """There are so many connections at once; when they are gone there are new ones."""
    skip_unless_possible("own")
    flood = replace(python(FLOOD, within=limits(wall_time_ms=60_000)), network=True)
    report = await visit(Visit("own", OPTIONS, (flood,)))
    assert [b"True\nTrue\n"] == [ran(outcome).stdout for outcome in report.outcomes]
