"""Who may call which RPC, read from the protos when the service starts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from ignis.errors import Internal, NotFound
from ignis.server.identity import CredentialKind
from ignis.server.rpcs import Rpc
from ignis.v1 import options_pb2

PUBLIC_PATHS = "/api/v1/public/"  # REST paths that take API keys only
# The gateway's own; whoever reaches it may ask them.
_OPEN = ("/grpc.health.v1.Health/", "/grpc.reflection.")
_KINDS = {
    options_pb2.CREDENTIAL_API_KEY: CredentialKind.API_KEY,
    options_pb2.CREDENTIAL_SESSION: CredentialKind.SESSION,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a call needs."""

    kinds: frozenset[CredentialKind]  # any of these
    scope: str = ""  # empty: any scope will do
    open: bool = False  # nothing is needed


ANYBODY = Rule(frozenset(), open=True)
_KEYS_ONLY = frozenset({CredentialKind.API_KEY})


class Policy:
    """The rules of all RPCs that the gateway routes to.

    Raises:
        Internal: an RPC does not say who may call it.
    """

    def __init__(self, rpcs: Iterable[Rpc]) -> None:
        self._rules = {rpc.path: _rule(rpc) for rpc in rpcs if not _is_internal(rpc)}

    @property
    def scopes(self) -> frozenset[str]:
        """Every scope; a session holds them all."""
        return frozenset(rule.scope for rule in self._rules.values() if rule.scope)

    @property
    def key_scopes(self) -> frozenset[str]:
        """The scopes that do something for an API key."""
        return frozenset(
            rule.scope
            for rule in self._rules.values()
            if rule.scope and CredentialKind.API_KEY in rule.kinds
        )

    def rule(self, path: str, rest_path: str = "") -> Rule:
        """Find what a call needs.

        Args:
            path: the RPC's, such as `/ignis.v1.JobService/Execute`.
            rest_path: the one that the client sent, when it was REST.

        Raises:
            NotFound: there is no such RPC for clients.
        """
        if path.startswith(_OPEN):
            return ANYBODY
        rule = self._rules.get(path)
        if rule is None:
            raise NotFound("RPC_UNKNOWN", "There is no such RPC; see docs/api.md.")
        if not rule.open and unquote(rest_path).startswith(PUBLIC_PATHS):
            return replace(rule, kinds=rule.kinds & _KEYS_ONLY)
        return rule


def _rule(rpc: Rpc) -> Rule:
    if rpc.open:
        return ANYBODY
    kinds = frozenset(kind for number, kind in _KINDS.items() if number in rpc.credentials)
    if not kinds:
        raise Internal(
            "RPC_UNDECLARED",
            f"{rpc.path} does not say who may call it: give it the option ignis.v1.access.",
        )
    return Rule(kinds, rpc.scope)


def _is_internal(rpc: Rpc) -> bool:
    return rpc.credentials == {options_pb2.CREDENTIAL_SERVICE}
