"""What the protos say about an RPC: who may call it, what a success is."""

from dataclasses import dataclass
from functools import cache

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

from ignis.v1 import (  # noqa: F401 - importing a module puts its services into the pool
    auth_pb2,
    executor_pb2,
    job_pb2,
    options_pb2,
    webhook_pb2,
)

PACKAGE = "ignis.v1"
PUBLIC_SERVICES = tuple(
    f"{PACKAGE}.{name}" for name in ("JobService", "AuthService", "WebhookService")
)
HTTP_OK = 200
HTTP_STATUS_HEADER = "x-ignis-http-status"


@dataclass(frozen=True, slots=True)
class Rpc:
    """One RPC of Ignis."""

    path: str  # `/ignis.v1.JobService/Execute`
    credentials: frozenset[int]  # of options_pb2.Credential; empty when undeclared
    scope: str
    success_status: int  # HTTP

    @property
    def open(self) -> bool:
        """Whether anybody may call it."""
        return options_pb2.CREDENTIAL_NONE in self.credentials

    @property
    def internal(self) -> bool:
        """Whether only other services of Ignis may call it."""
        return options_pb2.CREDENTIAL_SERVICE in self.credentials


@cache
def find(path: str) -> Rpc | None:
    """Find an RPC by its path; None when it is not one of Ignis's own."""
    service, _, method = path.strip("/").partition("/")
    if not service.startswith(f"{PACKAGE}."):
        return None
    try:
        return _rpc(descriptor_pool.Default().FindMethodByName(f"{service}.{method}"))
    except KeyError:
        return None


def public() -> tuple[Rpc, ...]:
    """Every RPC that the gateway routes to."""
    pool = descriptor_pool.Default()
    services = (pool.FindServiceByName(name) for name in PUBLIC_SERVICES)
    return tuple(_rpc(method) for service in services for method in service.methods)


def _rpc(method: MethodDescriptor) -> Rpc:
    options = method.GetOptions()
    access = options.Extensions[options_pb2.access]
    assert method.containing_service is not None  # noqa: S101 - every method has one
    return Rpc(
        path=f"/{method.containing_service.full_name}/{method.name}",
        credentials=frozenset(access.credentials),
        scope=access.scope,
        success_status=options.Extensions[options_pb2.success_status] or HTTP_OK,
    )
