"""Check over gRPC, as the gateway asks it."""

import time
from pathlib import Path

from tests.integration.auth import process
from tests.integration.auth.process import EXECUTE, Client, Running, headers
from tests.servers import Server
from tests.unit.auth import tokens
from tests.waiting import until

from ignis.auth import keys
from ignis.events import connection
from ignis.events.identity_keys import IdentityKeys
from ignis.local.postgres import Database
from ignis.server.identity import CredentialKind, IdentityVerifier
from ignis.server.settings import Environment
from ignis.v1 import auth_pb2

PUBLIC = "/api/v1/public/execute"


async def test_a_key_lets_its_owner_in(client: Client, nats: Server) -> None:
    """What the other services find in the identity is what the key says."""
    made = await client.make_key("owner", scopes=["jobs:write"])
    answer = await client.check(key=made.key, rest=PUBLIC)
    token = headers(answer.ok_response.headers)["x-ignis-identity"]

    async with connection.connect(nats.url, "test") as connected:
        identity = await IdentityVerifier(IdentityKeys(connected)).verify(token)
    assert (identity.user, identity.key_id) == ("owner", made.id)
    assert identity.kind is CredentialKind.API_KEY
    assert identity.scopes == {"jobs:write"}
    assert {"x-api-key", "authorization"} <= set(answer.ok_response.headers_to_remove)
    assert headers(answer.ok_response.response_headers_to_add) == {
        "x-ratelimit-limit": "100",
        "x-ratelimit-remaining": "99",
        "x-ratelimit-reset": "1",
    }


async def test_a_refusal_says_what_to_do(client: Client) -> None:
    """401 with a reason, a sentence, and the way to authenticate."""
    answer = await client.check(rest=PUBLIC)
    told = headers(answer.denied_response.headers)

    assert answer.denied_response.status.code == 401
    assert told["x-ignis-reason"] == "CREDENTIAL_MISSING"
    assert "X-API-Key" in answer.denied_response.body
    assert told["www-authenticate"].startswith("Bearer")


async def test_wrong_keys_are_refused(client: Client) -> None:
    """Typo, stranger and nonsense alike."""
    made = await client.make_key("typo")
    typo = made.key[:-1] + ("a" if made.key[-1] != "a" else "b")
    for wrong in (typo, keys.generate(Environment.PRODUCTION).text, "x", made.key + "," + made.key):
        assert await client.reason(key=wrong) == "API_KEY_INVALID"
        assert await client.reason(bearer=f"ign_{wrong}") == "API_KEY_INVALID"


async def test_changes_are_in_force_at_once(client: Client) -> None:
    """The next request knows that a key was switched off, limited, expired or removed."""
    made = await client.make_key("changes")
    me = await client.identity("changes")

    async def change(**fields: object) -> None:
        request = auth_pb2.UpdateApiKeyRequest(id=made.id, **fields)  # type: ignore[arg-type]  # whatever a test changes
        await client.rpcs.UpdateApiKey(request, metadata=me)

    assert await client.reason(key=made.key) == ""
    await change(is_active=False)
    assert await client.reason(key=made.key) == "API_KEY_INACTIVE"
    await change(is_active=True)
    assert await client.reason(key=made.key) == ""
    await change(scopes=["jobs:read"])
    assert await client.reason(key=made.key) == "SCOPE_MISSING"
    assert await client.reason("/ignis.v1.JobService/GetJob", key=made.key) == ""
    request = auth_pb2.UpdateApiKeyRequest(id=made.id, scopes=["jobs:write"])
    request.expires_at.FromNanoseconds(time.time_ns() + 300_000_000)
    await client.rpcs.UpdateApiKey(request, metadata=me)

    async def expired() -> bool:
        return await client.reason(key=made.key) == "API_KEY_EXPIRED"

    await until(expired, 3)
    await client.rpcs.DeleteApiKey(auth_pb2.DeleteApiKeyRequest(id=made.id), metadata=me)
    assert await client.reason(key=made.key) == "API_KEY_INVALID"


async def test_replicas_agree(
    auth: Running, client: Client, postgres: Database, nats: Server, valkey: Server, tmp_path: Path
) -> None:
    """A key that one replica makes and removes works and fails on the other at once.

    They share its limit, and each believes the other's identities.
    """
    with process.service(process.shared(postgres, nats, valkey), tmp_path) as second:
        assert second.address != auth.address
        async with process.client(second) as other:
            made = await client.make_key("replicas", rate_limit=2)
            assert [await c.reason(key=made.key) for c in (other, client, other)] == [
                "",
                "",
                "RATE_LIMITED",
            ]
            me = await client.identity("replicas")
            await other.rpcs.DeleteApiKey(auth_pb2.DeleteApiKeyRequest(id=made.id), metadata=me)
            assert await client.reason(key=made.key) == "API_KEY_INVALID"


async def test_a_used_up_limit_is_a_429(client: Client) -> None:
    """With the time to wait, and the scope of what is used up."""
    made = await client.make_key("limit", rate_limit=3)
    assert [await client.reason(key=made.key) for _ in range(3)] == ["", "", ""]
    answer = await client.check(key=made.key)
    told = headers(answer.denied_response.headers)

    assert answer.denied_response.status.code == 429
    assert told["x-ignis-reason"] == "RATE_LIMITED"
    assert 19 <= int(told["retry-after"]) <= 20
    assert (told["x-ratelimit-limit"], told["x-ratelimit-remaining"]) == ("3", "0")


async def test_sessions_are_kept_off_the_public_paths(client: Client) -> None:
    """The same RPC takes them elsewhere."""
    session = tokens.token(sub="session")
    answer = await client.check(EXECUTE, bearer=session, rest=PUBLIC)
    assert answer.denied_response.status.code == 401
    assert headers(answer.denied_response.headers)["x-ignis-reason"] == "CREDENTIAL_UNSUITABLE"
    assert "API key" in answer.denied_response.body

    assert (await client.check(EXECUTE, bearer=session, rest="/api/v1/jobs")).HasField(
        "ok_response"
    )


async def test_wrong_sessions_are_refused(client: Client) -> None:
    """Expired, unsigned, confused: each with its reason."""
    assert await client.reason(bearer=tokens.token(exp=int(time.time()) - 60)) == "SESSION_EXPIRED"
    for wrong in (tokens.unsigned(), tokens.confused(), tokens.token(tokens.OTHER), "x"):
        assert await client.reason(bearer=wrong) == "SESSION_INVALID"


async def test_open_rpcs_pass(client: Client) -> None:
    """Health and reflection need nothing."""
    for path in ("/ignis.v1.JobService/GetHealth", "/grpc.health.v1.Health/Check"):
        assert (await client.check(path)).HasField("ok_response")


async def test_unknown_rpcs_do_not(client: Client) -> None:
    """A good credential opens nothing that is not declared."""
    made = await client.make_key("unknown")
    for path in ("/ignis.v1.ExecutorService/Cancel", "/x", ""):
        answer = await client.check(path, key=made.key)
        assert answer.denied_response.status.code == 404


async def test_uses_are_written_soon(client: Client) -> None:
    """last_used_at appears within seconds, without the request having waited for it."""
    made = await client.make_key("used")
    assert not made.HasField("last_used_at")
    await client.check(key=made.key)
    me = await client.identity("used")

    async def written() -> bool:
        request = auth_pb2.GetApiKeyRequest(id=made.id)
        found = (await client.rpcs.GetApiKey(request, metadata=me)).data
        return abs(found.last_used_at.seconds - time.time()) < 30

    await until(written)


async def test_no_secret_is_logged(auth: Running, client: Client) -> None:
    """Keys and tokens, good and bad, are in no line of the log and in no metric."""
    made = await client.make_key("hygiene")
    good, bad = tokens.token(), tokens.token(tokens.OTHER)
    stranger = keys.generate(Environment.PRODUCTION).text
    for key, bearer in ((made.key, ""), (stranger, ""), ("", good), ("", bad), ("", made.key)):
        await client.check(key=key, bearer=bearer)
    await client.check("/ignis.v1.Nothing/Nothing", key=stranger)
    log = auth.log.read_text()

    assert "API_KEY_INVALID" in log
    for secret in (made.key, stranger, good, bad, made.key[9:30], good.split(".")[2]):
        assert secret not in log
    assert auth.metric('ignis_auth_checks_total{reason="API_KEY_INVALID"}') > 0
    assert auth.metric('ignis_auth_key_lookups_total{result="found"}') > 0
