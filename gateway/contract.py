"""What the gateway needs to know of the contract, read from a descriptor set."""

import re
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_NO_CREDENTIAL = "CREDENTIAL_NONE"
_SERVICES_ONLY = "CREDENTIAL_SERVICE"
_SEGMENT = "[^/]+"
_TEMPLATE_TOKEN = re.compile(r"\{[^}=]+(?:=(?P<pattern>[^}]+))?\}|(?P<bare>\*\*|\*)")


class ContractError(Exception):
    """The descriptor set says something that the gateway cannot serve."""


@dataclass(frozen=True)
class Binding:
    """One REST method and path of an RPC, and whether a request has a body."""

    method: str
    template: str
    has_body: bool

    @property
    def is_literal(self) -> bool:
        """Whether the path has no variable part."""
        return _TEMPLATE_TOKEN.search(self.template) is None

    @property
    def regex(self) -> str:
        """The path as a regular expression that matches all of it."""
        return _template_regex(self.template)


@dataclass(frozen=True)
class Rpc:
    """One RPC that the gateway routes."""

    service: str
    name: str
    is_open: bool
    waits: bool
    streams_requests: bool
    streams_answers: bool
    bindings: tuple[Binding, ...]

    @property
    def path(self) -> str:
        """The RPC's path in gRPC, which is its REST path after transcoding too."""
        return f"/{self.service}/{self.name}"


def read_contract(descriptor_set: bytes) -> list[Rpc]:
    """Return the RPCs that clients may call, in the order of the contract.

    `descriptor_set` is a serialized FileDescriptorSet with its imports. RPCs
    that only other services may call are left out. Raises ContractError when
    an RPC does not say who may call it.
    """
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set)
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    options = _OptionsReader(pool)
    return [
        rpc
        for file in files.file
        for service in file.service
        for method in service.method
        if (rpc := _read_rpc(options, f"{file.package}.{service.name}", method))
    ]


class _OptionsReader:
    """Reads method options with the extensions that the set itself declares."""

    def __init__(self, pool: descriptor_pool.DescriptorPool) -> None:
        self._pool = pool
        self._options = message_factory.GetMessageClass(
            pool.FindMessageTypeByName("google.protobuf.MethodOptions"),
        )
        self._http = pool.FindExtensionByName("google.api.http")
        self._access = pool.FindExtensionByName("ignis.v1.access")

    def bindings(self, method: descriptor_pb2.MethodDescriptorProto) -> tuple[Binding, ...]:
        """Return the REST methods and paths of an RPC, none when it has none."""
        options = self._parse(method)
        if not options.HasExtension(self._http):
            return ()
        rule = options.Extensions[self._http]
        return tuple(_binding(each) for each in (rule, *rule.additional_bindings))

    def credentials(self, method: descriptor_pb2.MethodDescriptorProto) -> set[str]:
        """Return the names of the credentials that an RPC takes."""
        numbers = self._parse(method).Extensions[self._access].credentials
        names = self._pool.FindEnumTypeByName("ignis.v1.Credential").values_by_number
        return {names[number].name for number in numbers}

    def has_field(self, message: str, field: str) -> bool:
        """Tell whether a message has a field of this name."""
        return field in self._pool.FindMessageTypeByName(message).fields_by_name

    # The classes are made from the set at run time, so no stub knows their fields.
    def _parse(self, method: descriptor_pb2.MethodDescriptorProto) -> Any:  # noqa: ANN401
        return self._options.FromString(method.options.SerializeToString())


def _read_rpc(
    options: _OptionsReader,
    service: str,
    method: descriptor_pb2.MethodDescriptorProto,
) -> Rpc | None:
    credentials = options.credentials(method)
    if not credentials:
        message = f"{service}.{method.name} has no option ignis.v1.access"
        raise ContractError(message)
    if credentials == {_SERVICES_ONLY}:
        return None
    return Rpc(
        service=service,
        name=method.name,
        is_open=_NO_CREDENTIAL in credentials,
        waits=options.has_field(method.input_type.lstrip("."), "wait"),
        streams_requests=method.client_streaming,
        streams_answers=method.server_streaming,
        bindings=options.bindings(method),
    )


def _binding(rule: Any) -> Binding:  # noqa: ANN401  # a run-time class, as above
    verb = rule.WhichOneof("pattern")
    if verb == "custom":
        return Binding(rule.custom.kind, rule.custom.path, bool(rule.body))
    return Binding(verb.upper(), getattr(rule, verb), bool(rule.body))


def _template_regex(template: str) -> str:
    parts = []
    end = 0
    for token in _TEMPLATE_TOKEN.finditer(template):
        pattern = token["pattern"] or token["bare"]
        parts.append(re.escape(template[end : token.start()]))
        parts.append(_pattern_regex(pattern) if pattern else _SEGMENT)
        end = token.end()
    return "".join(parts) + re.escape(template[end:])


def _pattern_regex(pattern: str) -> str:
    """Return the expression of what stands behind the `=` of a variable."""
    wildcards = {"**": ".+", "*": _SEGMENT}
    return "".join(wildcards.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*)", pattern))
