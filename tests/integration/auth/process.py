"""The auth service as a process of its own, and what clients and the gateway ask it."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import grpc.aio
from envoy.service.auth.v3 import external_auth_pb2, external_auth_pb2_grpc
from tests.servers import Server
from tests.unit.auth import tokens

from ignis.local.ports import Ports
from ignis.local.postgres import Database
from ignis.v1 import auth_pb2, auth_pb2_grpc

# These messages come without types.
envoy: Any = external_auth_pb2
envoy_grpc: Any = external_auth_pb2_grpc

PATIENCE = 20.0  # seconds
AUTH = "/ignis.v1.AuthService"
EXECUTE = "/ignis.v1.JobService/Execute"


@dataclass(frozen=True, slots=True)
class Running:
    """A running service."""

    process: subprocess.Popen[bytes]
    address: str  # of gRPC
    operator: str  # the URL of the operator's port
    log: Path

    def status(self) -> int:
        """What its health answers; 0 when nobody does."""
        try:
            with urlopen(f"{self.operator}/healthz", timeout=5) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code
        except (URLError, OSError):
            return 0

    def becomes(self, wanted: int) -> None:
        """Wait until its health answers with a status."""
        deadline = time.monotonic() + PATIENCE
        while self.status() != wanted:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def metric(self, name: str) -> float:
        """The value of a metric, its labels written as Prometheus writes them."""
        with urlopen(f"{self.operator}/metrics", timeout=5) as answer:
            lines = str(answer.read(), "utf-8").splitlines()
        return next((float(line[len(name) :]) for line in lines if line.startswith(name)), 0)


def environment(database: Database, nats: str, redis: str, **more: str) -> dict[str, str]:
    """The variables of a service that lacks nothing."""
    return {
        "PATH": os.environ["PATH"],
        "DB_HOST": database.host,
        "DB_PORT": str(database.port),
        "DB_DATABASE": database.database,
        "DB_USERNAME": database.username,
        "DB_PASSWORD": database.password,
        "DB_SCHEMA": "test_auth",
        "NATS_URL": nats,
        "REDIS_URL": redis,
        "GRPC_HOST": "127.0.0.1",
        "METRICS_HOST": "127.0.0.1",
        "CLERK_JWT_KEY": tokens.pem(),
        **more,
    }


@contextmanager
def service(variables: Mapping[str, str], folder: Path) -> Iterator[Running]:
    """Run `python -m ignis.auth` until it is healthy; killed at the end if it still runs."""
    with Ports() as ports:
        port, operator = ports.take(), ports.take()
        log = folder / f"auth-{port}.log"
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "ignis.auth"],
                stderr=stderr,
                env={**variables, "GRPC_PORT": str(port), "METRICS_PORT": str(operator)},
            )
        running = Running(process, f"127.0.0.1:{port}", f"http://127.0.0.1:{operator}", log)
        try:
            running.becomes(200)
            yield running
        finally:
            process.kill()
            process.wait()


class Client:
    """Asks the service as the gateway does, and calls it with the identities that it gives."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._check = envoy_grpc.AuthorizationStub(channel)
        self.rpcs = auth_pb2_grpc.AuthServiceStub(channel)

    async def check(
        self, path: str = EXECUTE, key: str = "", bearer: str = "", rest: str = ""
    ) -> Any:  # noqa: ANN401 - as above
        """Ask whether a request may pass."""
        request = envoy.CheckRequest()
        request.attributes.request.http.path = path
        headers = {
            "x-api-key": key,
            "authorization": f"Bearer {bearer}" if bearer else "",
            "x-envoy-original-path": rest,
        }
        for name, value in headers.items():
            if value:
                request.attributes.request.http.headers[name] = value
        return await self._check.Check(request, timeout=10)

    async def reason(self, path: str = EXECUTE, key: str = "", bearer: str = "") -> str:
        """Why a request is denied; empty when it may pass."""
        answer = await self.check(path, key, bearer)
        return headers(answer.denied_response.headers).get("x-ignis-reason", "")

    async def identity(self, user: str, path: str = f"{AUTH}/CreateApiKey") -> Any:  # noqa: ANN401 - metadata
        """Metadata of a request that the gateway passes on for a signed-in user."""
        answer = await self.check(path, bearer=tokens.token(sub=user))
        token = headers(answer.ok_response.headers)["x-ignis-identity"]
        return (("x-ignis-identity", token),)

    async def make_key(self, user: str, **fields: Any) -> auth_pb2.ApiKey:  # noqa: ANN401 - of the request
        """Make a key for a user."""
        request = auth_pb2.CreateApiKeyRequest(**{"name": "a key", **fields})
        answer = await self.rpcs.CreateApiKey(request, metadata=await self.identity(user))
        return answer.data


def headers(options: Any) -> dict[str, str]:  # noqa: ANN401 - as above
    """The headers of an answer."""
    return {option.header.key: option.header.value for option in options}


@asynccontextmanager
async def client(running: Running) -> AsyncIterator[Client]:
    """A client on a channel of its own."""
    async with grpc.aio.insecure_channel(running.address) as channel:
        yield Client(channel)


def shared(database: Database, nats: Server, valkey: Server, **more: str) -> dict[str, str]:
    """The variables of a service on the servers that tests share."""
    return environment(database, nats.url, valkey.url, **more)
