"""What the protos say about RPCs."""

import pytest

from ignis.server import rpcs


def test_every_public_rpc_says_who_may_call_it() -> None:
    """A public RPC without an access option would be an open door."""
    assert [] == [rpc.path for rpc in rpcs.public() if not rpc.credentials]


def test_what_changes_something_needs_a_scope() -> None:
    """A key without the scope for it changes nothing."""
    changing = ("Create", "Update", "Delete", "Execute", "Cancel", "Rotate")
    names = {rpc.path.rsplit("/")[-1]: rpc for rpc in rpcs.public()}

    assert [] == [n for n, rpc in names.items() if n.startswith(changing) and not rpc.scope]


def test_an_rpc_is_found_by_its_path() -> None:
    """Scope, openness and status come from the contract."""
    execute = rpcs.find("/ignis.v1.JobService/Execute")
    health = rpcs.find("/ignis.v1.JobService/GetHealth")
    delete = rpcs.find("/ignis.v1.WebhookService/DeleteWebhook")
    assert execute is not None
    assert health is not None
    assert delete is not None

    assert ("jobs:write", 201, False, False) == (
        execute.scope,
        execute.success_status,
        execute.open,
        execute.internal,
    )
    assert (True, 200) == (health.open, health.success_status)
    assert 204 == delete.success_status


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/ignis.v1.JobService",
        "/ignis.v1.JobService/Nothing",
        "/ignis.v1.Nothing/Execute",
        "/grpc.health.v1.Health/Check",
        "/other/ignis.v1.JobService/Execute",
    ],
)
def test_other_paths_are_none_of_ours(path: str) -> None:
    """What isn't in the contract has no declaration."""
    assert rpcs.find(path) is None
