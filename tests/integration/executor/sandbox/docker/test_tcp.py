"""The driver works over TCP as well, and bears the loss of its engine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.integration.executor.sandbox import engines
from tests.integration.executor.sandbox.programs import command, ran
from tests.waiting import until

from ignis.executor.sandbox.docker import owner
from ignis.executor.sandbox.docker.driver import DockerSandbox
from ignis.executor.sandbox.docker.image import tag
from ignis.executor.sandbox.errors import SandboxError

SOCKET = "/var/run/docker.sock"


class Relay:
    """A TCP port that leads to the engine's socket until it is cut."""

    def __init__(self) -> None:
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        """Listen; from now on `port` is known."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Refuse connections, and break those that there are."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(SOCKET)
        self._writers += (writer, far_writer)
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


@pytest.fixture(name="relay")
async def relay_fixture() -> AsyncIterator[Relay]:
    """A relay to the engine."""
    engines.skip_without()
    if engines.OPTIONS.host not in {"", f"unix://{SOCKET}"}:
        pytest.skip("the engine isn't at its usual socket")
    relay = Relay()
    await relay.start()
    yield relay
    relay.cut()


async def test_tcp(relay: Relay) -> None:
    """An engine at a TCP port runs programs like one at a socket."""
    options = replace(engines.OPTIONS, host=f"tcp://127.0.0.1:{relay.port}")
    sandbox = await DockerSandbox.open(slots=1, options=options)
    data = bytes(range(256)) * 200
    result = ran(await sandbox.run(command("cat", stdin=data)))
    await sandbox.close()

    assert data == result.stdout


async def test_engine_comes_back(relay: Relay) -> None:
    """While the engine is away jobs fail as the sandbox's fault; when it is back they run."""
    options = replace(engines.OPTIONS, host=f"tcp://127.0.0.1:{relay.port}")
    sandbox = await DockerSandbox.open(slots=1, options=options)
    relay.cut()
    with pytest.raises(SandboxError):
        await sandbox.run(command("echo", "away"))
    await relay.start()
    result = ran(await sandbox.run(command("echo", "back")))
    await sandbox.close()

    assert b"back\n" == result.stdout


async def test_close_without_an_engine(relay: Relay, caplog: pytest.LogCaptureFixture) -> None:
    """Closing ends though the engine is away, and says so; waiting containers end alone."""
    options = replace(engines.OPTIONS, host=f"tcp://127.0.0.1:{relay.port}")
    sandbox = await DockerSandbox.open(slots=1, options=options)
    relay.cut()
    await sandbox.close()

    assert "could not clear up" in caplog.text
    engine = engines.client()
    query = {"label": f"{owner.EXECUTOR}={sandbox._labels[owner.EXECUTOR]}"}
    await until(lambda: not engine.containers(all=True, filters=query))
    engine.remove_image(tag(sandbox._labels), force=True)
    engine.close()
