"""The job service as a process of its own, and a user who calls it."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc.aio
from tests.integration import services
from tests.integration.identities import Metadata, metadata, trusted_signer
from tests.integration.services import Service
from tests.waiting import until

from ignis.events.connection import Nats
from ignis.local.postgres import Database
from ignis.server.identity import IdentitySigner
from ignis.v1 import job_pb2 as pb
from ignis.v1.job_pb2_grpc import JobServiceStub

if TYPE_CHECKING:
    from ignis.v1.job_pb2_grpc import JobServiceAsyncStub  # in its stub file alone


@contextmanager
def running(
    folder: Path, database: Database, nats_url: str, schema: str, **env: str
) -> Iterator[Service]:
    """Start `python -m ignis.job`; without Redis, which it can do without."""
    servers = services.on_servers(database, nats_url, schema)
    variables = {**servers, "REDIS_URL": "redis://127.0.0.1:1/0", **env}
    with services.running("job", folder, **variables) as service:
        yield service


class Caller:
    """A user who calls, with a new identity for each call."""

    def __init__(self, stub: "JobServiceAsyncStub", signer: IdentitySigner) -> None:
        self.user = f"user_{secrets.token_hex(6)}"
        self.stub = stub
        self._signer = signer

    def someone_else(self) -> "Caller":
        """Another user, at the same service."""
        return Caller(self.stub, self._signer)

    def metadata(self, nonce: str = "") -> Metadata:
        """What the gateway would send."""
        return metadata(self._signer, self.user, nonce)

    async def execute(self, nonce: str = "", /, **fields: Any) -> pb.Job:  # noqa: ANN401 - fields of many types
        """Post a program."""
        request = pb.ExecuteRequest(**{"language": "python", "code": "print('Hello')", **fields})
        answer = await self.stub.Execute(request, metadata=self.metadata(nonce), timeout=30)
        return answer.data

    async def get(self, job_id: str) -> pb.Job:
        """Read a job."""
        request = pb.GetJobRequest(job_id=job_id)
        answer = await self.stub.GetJob(request, metadata=self.metadata(), timeout=30)
        return answer.data

    async def list(self, **fields: Any) -> pb.ListJobsResponse:  # noqa: ANN401 - fields of many types
        """Read a page of jobs."""
        request = pb.ListJobsRequest(**fields)
        return await self.stub.ListJobs(request, metadata=self.metadata(), timeout=30)

    async def becomes(self, job_id: str, status: str) -> pb.Job:
        """Wait until a job has a status."""

        async def there() -> bool:
            return (await self.get(job_id)).status == status

        await until(there)
        return await self.get(job_id)

    async def offered(self) -> None:
        """Wait until the service knows of an executor."""

        async def there() -> bool:
            status = await self.stub.GetStatus(pb.GetStatusRequest(), metadata=self.metadata())
            return bool(status.data.languages)

        await until(there)


@asynccontextmanager
async def calling(service: Service, connected: Nats) -> AsyncIterator[tuple[Caller, Caller]]:
    """Two users with a channel to the service."""
    async with grpc.aio.insecure_channel(service.grpc) as channel:
        signer = await trusted_signer(connected)
        stub = JobServiceStub(channel)
        yield Caller(stub, signer), Caller(stub, signer)
