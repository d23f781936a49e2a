"""Networks are made and ended with their sandboxes, whoever dies first.

No program here sends anything: nothing leaves this machine.
"""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from tests.integration.executor.sandbox import engines, hosts, leftovers
from tests.integration.executor.sandbox.network.world import skip_unless_possible
from tests.integration.executor.sandbox.programs import command, ran

from ignis.executor.sandbox import open_sandbox
from ignis.executor.sandbox.errors import NetworkError, SandboxError
from ignis.executor.sandbox.network.options import NetworkOptions

pytestmark = pytest.mark.alone

ON = NetworkOptions(enabled=True)
DEVICES = replace(command("cat", "/proc/net/dev"), network=True)
SLEEP = replace(command("sleep", "60"), network=True)


@pytest.fixture(autouse=True)
def _possible() -> None:
    """All of these need what a network is made with, and root to see what is left."""
    skip_unless_possible("own")


async def until_connected(owner: int, count: int) -> set[int]:
    """Wait until a process has just so many slirp4netns below it; returns them."""
    async with asyncio.timeout(10):
        while len(found := slirps(owner)) != count:  # noqa: ASYNC110 - not ours
            await asyncio.sleep(0.01)
    return found


def slirps(owner: int) -> set[int]:
    """Return the slirp4netns below a process."""
    return {pid for pid in leftovers.children(owner) if _name(pid) == "slirp4netns"}


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


async def test_a_network_ends_with_its_sandbox() -> None:
    """After a job only the network of the sandbox that waits is left, and after all none."""
    host = await open_sandbox("namespace", slots=2, network=ON)
    task = asyncio.create_task(host.run(SLEEP))
    first = await until_connected(os.getpid(), 2)
    task.cancel()
    await asyncio.wait([task])
    last = await until_connected(os.getpid(), 1)
    assert last < first
    await host.close()

    assert set() == slirps(os.getpid())


async def test_slirp4netns_is_an_ordinary_user_without_capabilities() -> None:
    """What strangers' packets go through is nobody that owns anything on this machine."""
    host = await open_sandbox("namespace", slots=1, network=ON)
    (pid,) = await until_connected(os.getpid(), 1)
    status = _status(pid)
    await host.close()

    assert 0x7000_0000 <= int(status["Uid"].split()[1])
    cap_net_bind_service = 1 << 10  # what slirp4netns keeps, within its own user namespace
    assert int(status["CapEff"], 16) | cap_net_bind_service == cap_net_bind_service
    assert status["Seccomp"] == "2"


async def test_a_network_that_ended_while_it_waited_is_replaced() -> None:
    """A job gets a network that works, not the one that was made for it."""
    host = await open_sandbox("namespace", slots=1, network=ON)
    for pid in await until_connected(os.getpid(), 1):
        os.kill(pid, signal.SIGKILL)
        await leftovers.until_gone({pid})
    outcome = await host.run(DEVICES)
    await host.close()

    assert b"tap0" in ran(outcome).stdout


async def test_a_dead_keeper_is_replaced() -> None:
    """When the keeper is killed its networks end, and the next job has a new one."""
    host = await open_sandbox("namespace", slots=1, network=ON)
    (slirp,) = await until_connected(os.getpid(), 1)
    keeper = leftovers.parent(slirp)
    boot = leftovers.parent(keeper)
    os.kill(keeper, signal.SIGKILL)

    assert set() == await leftovers.until_gone({slirp, keeper, boot})
    assert b"tap0" in ran(await host.run(DEVICES)).stdout
    await host.close()


async def test_a_dead_executor_takes_its_networks_along() -> None:
    """When the executor is killed no keeper and no slirp4netns stays."""
    code = (
        "import asyncio\nfrom ignis.executor.sandbox import open_sandbox\n"
        "from tests.integration.executor.sandbox.network.test_keeper import ON, SLEEP\n"
        "async def main():\n"
        " await (await open_sandbox('namespace', slots=1, network=ON)).run(SLEEP)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[5]
    env = {"PYTHONPATH": f"{root}:{root}/services", "PATH": os.environ["PATH"]}
    executor = await asyncio.create_subprocess_exec(sys.executable, "-c", code, env=env)
    await until_connected(executor.pid, 2)
    everything = leftovers.children(executor.pid)
    executor.kill()
    await executor.wait()

    assert set() == await leftovers.until_gone(everything)


async def test_a_sandbox_without_a_network_refuses_who_asks() -> None:
    """Where the operator has the network off no program has it, whatever the job says."""
    host = await open_sandbox("namespace", slots=1)
    with pytest.raises(SandboxError, match="the operator has it off"):
        await host.run(DEVICES)
    await host.close()


@pytest.mark.parametrize("missing", ["nft", "slirp4netns"])
async def test_what_is_missing_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its tools network on doesn't start; auto doesn't take docker for that."""
    found = "ignis.executor.sandbox.namespace.uplinks.shutil.which"
    monkeypatch.setattr(found, lambda name, **_: None if name == missing else f"/usr/bin/{name}")
    with pytest.raises(NetworkError, match=f"needs {missing}.*apt-get install"):
        await open_sandbox("auto", slots=1, network=ON)


async def test_a_filter_that_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof at the start reaches this machine where the filter lets it, and says so."""
    rules = "ignis.executor.sandbox.namespace.uplinks.rules"
    monkeypatch.setattr(rules, lambda *_: "table inet ignis { }")
    monkeypatch.setattr("ignis.executor.sandbox.namespace.uplinks._SLIRP", OPEN)
    with pytest.raises(NetworkError, match=r"lets programs reach \[\['10\.0\.2\.2', "):
        await open_sandbox("namespace", slots=1, network=ON)


# Without --disable-host-loopback.
OPEN = ("--configure", "--ready-fd={ready}", "--exit-fd={exit}", "--netns-type=path")


async def test_a_filter_that_nft_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nft says reaches the operator."""
    rules = "ignis.executor.sandbox.namespace.uplinks.rules"
    monkeypatch.setattr(rules, lambda *_: "no table\n")
    with pytest.raises(NetworkError, match=r"nft refused the filter: .*syntax error"):
        await open_sandbox("namespace", slots=1, network=ON)


async def test_docker_needs_a_resolver() -> None:
    """Docker's refusal comes before anything is made, and says what to set."""
    hosts.skip_unless_possible("docker")
    with pytest.raises(NetworkError, match="SANDBOX_NETWORK_DNS"):
        await hosts.open_host("docker", network=ON)


async def test_docker_needs_nft_in_an_image() -> None:
    """Without nft in any image there is no filter, and so no network."""
    hosts.skip_unless_possible("docker")
    if _has_nft():
        pytest.skip(f"{engines.IMAGE} has nft")
    options = replace(ON, dns=ip_address("9.9.9.9"))
    with pytest.raises(NetworkError, match="no image has nft"):
        await hosts.open_host("docker", network=options)


def _has_nft() -> bool:
    client = engines.client()
    made = client.create_container(engines.IMAGE, ["which", "nft"], network_disabled=True)["Id"]
    client.start(made)
    found = client.wait(made)["StatusCode"] == 0
    client.remove_container(made)
    client.close()
    return found
