"""Who may call which RPC."""

import pytest

from ignis.auth.policy import ANYBODY, Policy
from ignis.errors import Internal, NotFound
from ignis.server import rpcs
from ignis.server.identity import CredentialKind
from ignis.server.rpcs import Rpc
from ignis.v1 import options_pb2

BOTH = frozenset(CredentialKind)
KEY = frozenset({CredentialKind.API_KEY})
SESSION = frozenset({CredentialKind.SESSION})


@pytest.fixture(name="policy", scope="module")
def policy_fixture() -> Policy:
    """The policy of the contract as it is."""
    return Policy(rpcs.public())


def rpc(path: str, *credentials: int, scope: str = "") -> Rpc:
    """An RPC that nobody has written."""
    return Rpc(path, frozenset(credentials), scope, 200)


@pytest.mark.parametrize(
    ("path", "kinds", "scope"),
    [
        ("/ignis.v1.JobService/Execute", BOTH, "jobs:write"),
        ("/ignis.v1.JobService/GetJob", BOTH, "jobs:read"),
        ("/ignis.v1.JobService/GetStatus", KEY, ""),
        ("/ignis.v1.AuthService/CreateApiKey", SESSION, "keys:write"),
        ("/ignis.v1.WebhookService/ListWebhooks", SESSION, "webhooks:read"),
    ],
)
def test_rules_are_those_of_the_protos(
    policy: Policy, path: str, kinds: frozenset[CredentialKind], scope: str
) -> None:
    """Kinds of credential and scope come from the option on the RPC."""
    rule = policy.rule(path)

    assert (kinds, scope, False) == (rule.kinds, rule.scope, rule.open)


@pytest.mark.parametrize(
    "path",
    [
        "/ignis.v1.JobService/GetHealth",
        "/ignis.v1.JobService/GetApiHealth",
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ],
)
def test_open_rpcs_need_nothing(policy: Policy, path: str) -> None:
    """Health and reflection are anybody's, under any path."""
    assert policy.rule(path, "/api/v1/public/health") == ANYBODY


@pytest.mark.parametrize(
    "rest_path",
    ["/api/v1/public/execute", "/api/v1/public/jobs?limit=1", "/api/v1/%70ublic/jobs"],
)
def test_public_paths_take_keys_alone(policy: Policy, rest_path: str) -> None:
    """The same RPC takes sessions elsewhere, and not under /api/v1/public/."""
    rule = policy.rule("/ignis.v1.JobService/Execute", rest_path)

    assert (rule.kinds, rule.scope) == (KEY, "jobs:write")
    assert policy.rule("/ignis.v1.JobService/Execute", "/api/v1/jobs").kinds == BOTH


def test_a_public_path_opens_nothing_to_keys(policy: Policy) -> None:
    """An RPC for sessions alone has nobody left under a public path."""
    rule = policy.rule("/ignis.v1.AuthService/CreateApiKey", "/api/v1/public/x")

    assert frozenset() == rule.kinds
    assert not rule.open


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/health",
        "/ignis.v1.JobService/",
        "/ignis.v1.JobService/Nothing",
        "/ignis.v1.JobService/execute",
        "/ignis.v1.JobService/Execute/",
        "//ignis.v1.JobService/Execute",
        "/ignis.v1.ExecutorService/Cancel",
        "/envoy.service.auth.v3.Authorization/Check",
        "/grpc.healthy.v1.Health/Check",
    ],
)
def test_unknown_paths_are_refused(policy: Policy, path: str) -> None:
    """What is no public RPC, an internal one too, is not there."""
    with pytest.raises(NotFound) as error:
        policy.rule(path)

    assert error.value.reason == "RPC_UNKNOWN"


@pytest.mark.parametrize("credentials", [(), (options_pb2.CREDENTIAL_UNSPECIFIED,), (99,)], ids=str)
def test_an_undeclared_rpc_stops_the_start(credentials: tuple[int, ...]) -> None:
    """A public RPC that does not say who may call it is named, and nothing starts."""
    declared = rpc("/ignis.v1.JobService/A", options_pb2.CREDENTIAL_API_KEY)
    with pytest.raises(Internal) as error:
        Policy([declared, rpc("/ignis.v1.JobService/B", *credentials)])

    assert "/ignis.v1.JobService/B" in error.value.message


def test_an_internal_rpc_of_a_public_service_is_not_there() -> None:
    """What only services may call has no rule for clients."""
    policy = Policy([rpc("/ignis.v1.JobService/A", options_pb2.CREDENTIAL_SERVICE)])
    with pytest.raises(NotFound):
        policy.rule("/ignis.v1.JobService/A")


def test_keys_can_hold_what_does_something_for_them(policy: Policy) -> None:
    """Sessions hold every scope; keys those whose RPCs take keys."""
    assert {"jobs:read", "jobs:write"} == policy.key_scopes
    assert {"keys:read", "keys:write", "webhooks:read", "webhooks:write"} == (
        policy.scopes - policy.key_scopes
    )


def test_every_public_rpc_has_a_rule(policy: Policy) -> None:
    """No RPC of the public services is left out."""
    for each in rpcs.public():
        assert policy.rule(each.path).open == each.open
