"""Starts the real Envoy with the configuration that the contract gives."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

import httpx
from gateway.build import build

ROOT = Path(__file__).parents[3]
DESCRIPTOR = ROOT / "build" / "descriptor.binpb"
CORS_ORIGIN = "https://app.example, http://localhost:3000"


@dataclass(frozen=True)
class Gateway:
    """A running gateway: where it listens, and where its access log goes."""

    host: str
    port: int
    access_log: Path

    @property
    def url(self) -> str:
        """The gateway's base URL."""
        return f"http://{self.address}"

    @property
    def address(self) -> str:
        """The gateway's `host:port`, for gRPC."""
        return f"{self.host}:{self.port}"


def envoy_binary() -> Path:
    """Return Envoy as `make build` installs it."""
    found = sorted(ROOT.glob(".servers/lib/python3.*/site-packages/envoy/_bin/envoy"))
    assert found, "Envoy is not installed: make build"
    return found[0]


def read(file: Path) -> str:
    """Read one of Envoy's small local files, which blocks nobody."""
    return file.read_text()


def configuration(ports: Mapping[str, int], cors_origin: str = CORS_ORIGIN) -> str:
    """Return the configuration of a gateway before services on these ports.

    Envoy picks its own two ports, so that gateways never meet.
    """
    names = {"AUTH": "auth", "JOB": "job", "WEBHOOK": "webhook"}
    return Template(build(DESCRIPTOR.read_bytes())).substitute(
        {f"{upper}_HOST": "127.0.0.1" for upper in names},
        **{f"{upper}_PORT": str(ports[name]) for upper, name in names.items()},
        LISTEN_HOST="127.0.0.1",
        PORT="0",
        ADMIN_PORT="0",
        DESCRIPTOR=str(DESCRIPTOR),
        CORS_ORIGIN=cors_origin,
    )


@asynccontextmanager
async def run_gateway(folder: Path, config: str) -> AsyncIterator[Gateway]:
    """Run a gateway until the block ends; its files go to `folder`."""
    (folder / "envoy.yaml").write_text(config)
    with (folder / "access.log").open("w") as out, (folder / "envoy.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            envoy_binary(),
            *("-c", folder / "envoy.yaml"),
            *("--admin-address-path", folder / "admin"),
            *("--log-level", "warn", "--concurrency", "1", "--disable-hot-restart"),
            *("--file-flush-interval-msec", "100"),
            stdout=out,
            stderr=log,
        )
    try:
        port = await _listening_port(process, folder)
        yield Gateway("127.0.0.1", port, folder / "access.log")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
    # A Lua error spoils no answer, and would go unnoticed.
    assert "[error]" not in read(folder / "envoy.log"), read(folder / "envoy.log")


async def _listening_port(process: asyncio.subprocess.Process, folder: Path) -> int:
    """Wait until Envoy is ready and return the port that it picked."""
    async with asyncio.timeout(20), httpx.AsyncClient() as client:
        while not (address := await _ready_address(client, folder / "admin")):
            assert process.returncode is None, read(folder / "envoy.log")
            await asyncio.sleep(0.02)
        listeners = (await client.get(f"http://{address}/listeners?format=json")).json()
    port: int = listeners["listener_statuses"][0]["local_address"]["socket_address"]["port_value"]
    return port


async def _ready_address(client: httpx.AsyncClient, admin: Path) -> str | None:
    """Return the address of Envoy's admin interface once Envoy is ready."""
    try:
        address = read(admin)
        ready = await client.get(f"http://{address}/ready")
    except (OSError, httpx.HTTPError):
        return None
    return address if ready.status_code == httpx.codes.OK else None
