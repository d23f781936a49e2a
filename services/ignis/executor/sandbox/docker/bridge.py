"""The network of containers that have one: a bridge of Ignis's own, and a filter in each."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address

from ignis.executor.runner import frames
from ignis.executor.sandbox.docker import owner
from ignis.executor.sandbox.docker.engine import Engine
from ignis.executor.sandbox.docker.helpers import helper, run_once
from ignis.executor.sandbox.docker.image import HOME
from ignis.executor.sandbox.docker.options import DockerOptions
from ignis.executor.sandbox.docker.pool import Container
from ignis.executor.sandbox.docker.spec import Attached
from ignis.executor.sandbox.docker.stream import Stream
from ignis.executor.sandbox.docker.sweep import remove_network
from ignis.executor.sandbox.errors import NetworkError, SandboxError
from ignis.executor.sandbox.network.options import NetworkOptions
from ignis.executor.sandbox.network.own import parse
from ignis.executor.sandbox.network.rules import rules
from ignis.server.addresses import Address

_WATCHING = f"{HOME}/ignis/executor/sandbox/docker/watching.py"
_ANSWER_SECONDS = 20.0
_LOAD = ("sh", "-c", 'printf %s "$1" | nft -f -', "sh")
_ASK = ("nft", "--version")
_NO_OTHERS = {"com.docker.network.bridge.enable_icc": "false"}
# Ends with 0 only when the stand-in refuses, or can't be reached.
_TRY = (
    "import socket, sys\n"
    "probe = socket.socket()\n"
    "probe.settimeout(2)\n"
    "sys.exit(probe.connect_ex((sys.argv[1], int(sys.argv[2]))) == 0)\n"
)


class Bridge:
    """One network of one executor; `open` makes it."""

    def __init__(
        self,
        engine: Engine,
        image: str,
        labels: Mapping[str, str],
        options: NetworkOptions,
        dns: Address,
    ) -> None:
        """Use what `open` has checked."""
        self._engine = engine
        self._image = image
        self._labels = labels
        self._options = options
        self._dns = dns
        self._network = ""
        self._gateway = ""
        self._stand_in = ""  # the port that no program may reach on the gateway's address
        self._watcher = ""
        self._stream: Stream | None = None
        self._asking = asyncio.Lock()

    @classmethod
    async def open(
        cls,
        engine: Engine,
        docker: DockerOptions,
        images: Sequence[str],
        labels: Mapping[str, str],
        options: NetworkOptions,
    ) -> "Bridge":
        """Make the network; raises NetworkError, with what to do, where it can't be a safe one.

        One of `images` must have nft.
        """
        dns = await _resolver(engine, docker, options)
        image = await _with_nft(engine, images, labels)
        bridge = cls(engine, image, labels, options, dns)
        try:
            await bridge._make()
            await bridge.own()
        except SandboxError as error:
            await bridge.close()
            message = f"SANDBOX_NETWORK: the engine gives no network: {error}"
            raise NetworkError(message) from error
        except BaseException:
            await bridge.close()
            raise
        return bridge

    @property
    def attached(self) -> Attached:
        """What a container is made with to be on the network."""
        return Attached(self._network, str(self._dns))

    async def own(self) -> frozenset[str]:
        """Return the addresses of the engine's host, as they are now."""
        async with self._asking:
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    if self._stream is None:
                        self._stream = await self._watch()
                    await self._stream.send(b"?")
                    payload = await _frame(self._stream)
            except (OSError, EOFError, frames.FrameError, TimeoutError) as error:
                await self._let_go()  # the next call starts another
                raise SandboxError(f"the engine's host doesn't tell: {error!r}") from error
        port, fib_trie, ipv6_route = payload.decode().split("\0")
        self._stand_in = port
        return parse(fib_trie, ipv6_route)

    async def protect(self, container: str) -> frozenset[str]:
        """Put the filter into a container's network; returns the addresses that it knows."""
        own = await self.own()
        text = rules(self._options, own, self._dns)
        wanted = helper(
            self._engine.client,
            self._image,
            (*_LOAD, text),
            f"container:{container}",
            ["NET_ADMIN"],
        )
        try:
            await run_once(self._engine, wanted, self._labels)
        except SandboxError as error:
            raise SandboxError(f"a container's filter could not be loaded: {error}") from error
        return own

    async def prove(self, container: Container) -> None:
        """Try to reach the engine's host from a container; raises NetworkError when that works."""
        target = (self._gateway, self._stand_in)
        wanted = helper(
            self._engine.client,
            self._image,
            ("python3", "-I", "-S", "-c", _TRY, *target),
            f"container:{container.id}",
        )
        try:
            await run_once(self._engine, wanted, self._labels)
        except SandboxError as error:
            message = f"SANDBOX_NETWORK: the filter lets programs reach {target}: {error}"
            raise NetworkError(message) from error

    async def close(self) -> None:
        """Remove the network; its containers must be gone."""
        await self._let_go()
        if self._network:
            await remove_network(self._engine, self._network)

    async def _make(self) -> None:
        client = self._engine.client
        made = await self._engine.call(
            client.create_network,
            f"ignis-{self._labels[owner.EXECUTOR]}",
            driver="bridge",
            options=_NO_OTHERS,
            labels=dict(self._labels),
            check_duplicate=True,
        )
        self._network = made["Id"]
        about = await self._engine.call(client.inspect_network, self._network)
        self._gateway = about["IPAM"]["Config"][0]["Gateway"]

    async def _watch(self) -> Stream:
        command = ("python3", "-I", "-S", _WATCHING, self._gateway)
        wanted = helper(self._engine.client, self._image, command, "host")
        self._watcher = await self._engine.create(wanted, self._labels)
        stream = await self._engine.attach(self._watcher)
        await self._engine.start(self._watcher)
        return stream

    async def _let_go(self) -> None:
        if self._stream:
            await self._stream.close()
            self._stream = None
        if self._watcher:
            watcher, self._watcher = self._watcher, ""
            await self._engine.remove(watcher)


async def _with_nft(engine: Engine, images: Sequence[str], labels: Mapping[str, str]) -> str:
    """Return the first image that helpers can be made of; raises NetworkError without one."""
    for image in images:
        with suppress(SandboxError):
            await run_once(engine, helper(engine.client, image, _ASK, "none"), labels)
            return image
    message = "SANDBOX_NETWORK: no image has nft: add Debian's package nftables to SANDBOX_IMAGE"
    raise NetworkError(message)


async def _resolver(engine: Engine, docker: DockerOptions, options: NetworkOptions) -> Address:
    """Return the resolver's address; raises NetworkError where a filter would not hold."""
    about = await engine.call(engine.client.info)
    runtime = docker.runtime or about.get("DefaultRuntime", "runc")
    security = " ".join(about.get("SecurityOptions") or ())
    if runtime != "runc":
        problem = f"{runtime} has a network of its own, which the kernel's filter doesn't see"
    elif "name=rootless" in security:
        problem = "a rootless engine doesn't know its host's own addresses"
    elif not isinstance(options.dns, IPv4Address):
        problem = "the docker driver needs SANDBOX_NETWORK_DNS, the IPv4 address of a resolver"
    else:
        return options.dns
    raise NetworkError(f"SANDBOX_NETWORK: {problem}")


async def _frame(stream: Stream) -> bytes:
    _, length = frames.parse_header(await stream.exactly(frames.HEADER.size))
    return await stream.exactly(length)
