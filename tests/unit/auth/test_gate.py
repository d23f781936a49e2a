"""Who is let in."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.unit.auth.memory import Clock, MemoryKeys, metrics

from ignis.auth import keys
from ignis.auth.gate import Call, Gate, RateLimited
from ignis.auth.gcra import Decision, MemoryLimits
from ignis.auth.models import ApiKey
from ignis.auth.policy import Policy
from ignis.errors import IgnisError, NotFound, PermissionDenied, Unauthenticated, Unavailable
from ignis.server import rpcs
from ignis.server.identity import CredentialKind
from ignis.server.settings import Environment

EXECUTE = "/ignis.v1.JobService/Execute"
GET_JOB = "/ignis.v1.JobService/GetJob"
GET_STATUS = "/ignis.v1.JobService/GetStatus"
CREATE_KEY = "/ignis.v1.AuthService/CreateApiKey"
PUBLIC = "/api/v1/public/execute"


class Sessions:
    """Believes one token."""

    async def verify(self, token: str) -> str:
        """Read a token."""
        if token != "good":
            raise Unauthenticated("SESSION_INVALID", "no")
        return "anna"


class Limits:
    """Limits in memory."""

    def __init__(self, clock: Clock) -> None:
        self.memory = MemoryLimits(clock)
        self.keys: list[str] = []

    async def take(self, key: str, limit: int) -> Decision:
        """Count one request."""
        self.keys.append(key)
        return self.memory.take(key, limit)


class Usage:
    """Remembers which keys were used."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def note(self, key: ApiKey, _now: datetime) -> None:
        """Remember one."""
        self.noted.append(key.id)


class Finder(MemoryKeys):
    """A store that counts its look-ups, and may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.lookups = 0
        self.error: Exception | None = None

    async def by_digest(self, digest: bytes) -> ApiKey | None:
        """The key of a secret."""
        self.lookups += 1
        if self.error is not None:
            raise self.error
        return await super().by_digest(digest)


class Scene:
    """A gate with all that it stands on, and one key of Anna's."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.finder = Finder()
        self.limits = Limits(self.clock)
        self.usage = Usage()
        self.gate = Gate(
            Policy(rpcs.public()),
            self.finder,
            Sessions(),
            self.limits,
            self.usage,
            metrics(),
            self.clock.now,
        )
        made = keys.generate(Environment.PRODUCTION)
        self.secret = made.text
        now = self.clock.now()
        scopes = ("jobs:read", "jobs:write")
        self.key = ApiKey(
            "01", "anna", "a", "ign_live_abcd", "wxyz", scopes, 5, True, None, None, now, now
        )
        self.finder.kept["01"] = self.key
        self.finder.digests[made.digest] = "01"

    def change(self, **changes: object) -> None:
        """Change the key, as its owner may do at any moment."""
        self.finder.kept["01"] = replace(self.finder.kept["01"], **changes)  # type: ignore[arg-type]  # whatever a test changes

    async def refusal(self, call: Call) -> IgnisError:
        """Why a call is refused."""
        with pytest.raises(IgnisError) as error:
            await self.gate.admit(call)
        assert self.secret not in error.value.message
        return error.value


@pytest.fixture(name="scene")
def scene_fixture() -> Scene:
    """A new scene."""
    return Scene()


async def test_a_key_lets_its_owner_in(scene: Scene) -> None:
    """The identity is the owner's, with the key's scopes and a limit that counts."""
    admitted = await scene.gate.admit(Call(EXECUTE, PUBLIC, api_key=scene.secret))

    assert admitted.identity is not None
    assert (admitted.identity.user, admitted.identity.key_id) == ("anna", "01")
    assert admitted.identity.kind is CredentialKind.API_KEY
    assert admitted.identity.scopes == {"jobs:read", "jobs:write"}
    assert admitted.limit is not None
    assert (admitted.limit.limit, admitted.limit.remaining) == (5, 4)
    assert (scene.usage.noted, scene.limits.keys) == (["01"], ["key:01"])


async def test_a_key_may_come_as_a_bearer(scene: Scene) -> None:
    """Authorization: Bearer ign_… is a key, on public paths too."""
    call = Call(EXECUTE, PUBLIC, authorization=f"Bearer {scene.secret}")

    assert (await scene.gate.admit(call)).identity is not None


async def test_a_session_holds_every_scope(scene: Scene) -> None:
    """A signed-in person may do all that sessions may, without a key's limit."""
    for path in (CREATE_KEY, EXECUTE):
        admitted = await scene.gate.admit(Call(path, authorization="Bearer good"))
        assert admitted.identity is not None
        assert admitted.identity.user == "anna"
        assert admitted.identity.kind is CredentialKind.SESSION
        assert admitted.identity.key_id == ""
        assert {"jobs:write", "keys:write", "webhooks:read"} <= admitted.identity.scopes
        assert admitted.limit is None


async def test_every_call_has_a_nonce_of_its_own(scene: Scene) -> None:
    """Two calls of one client are two requests."""
    first = await scene.gate.admit(Call(EXECUTE, api_key=scene.secret))
    second = await scene.gate.admit(Call(EXECUTE, api_key=scene.secret))

    assert first.identity is not None
    assert second.identity is not None
    assert first.identity.nonce != second.identity.nonce


async def test_open_rpcs_ask_for_nothing(scene: Scene) -> None:
    """Health is anybody's, with a wrong credential too."""
    for call in (
        Call("/ignis.v1.JobService/GetHealth", "/health"),
        Call("/ignis.v1.JobService/GetApiHealth", "/api/v1/public/health", api_key="wrong"),
        Call("/grpc.health.v1.Health/Check", authorization="Bearer wrong"),
    ):
        assert (await scene.gate.admit(call)).identity is None
    assert scene.finder.lookups == 0


async def test_nothing_shown_is_told(scene: Scene) -> None:
    """The message names the header that this path takes."""
    refused = await scene.refusal(Call(EXECUTE, PUBLIC))
    assert refused.reason == "CREDENTIAL_MISSING"
    assert "X-API-Key" in refused.message
    assert "Authorization" not in refused.message

    assert "Authorization: Bearer" in (await scene.refusal(Call(CREATE_KEY))).message


@pytest.mark.parametrize("wrong", ["x", "ign_live_x", "", "good"])
async def test_a_malformed_key_is_refused_without_a_lookup(scene: Scene, wrong: str) -> None:
    """A typo costs the database nothing."""
    typo = wrong or scene.secret[:-1] + ("a" if scene.secret[-1] != "a" else "b")
    refused = await scene.refusal(Call(EXECUTE, api_key=typo))

    assert isinstance(refused, Unauthenticated)
    assert (refused.reason, scene.finder.lookups) == ("API_KEY_INVALID", 0)


async def test_an_unknown_key_is_refused(scene: Scene) -> None:
    """A well-formed key that nobody made, or that was deleted, is no key."""
    stranger = keys.generate(Environment.PRODUCTION).text
    assert (await scene.refusal(Call(EXECUTE, api_key=stranger))).reason == "API_KEY_INVALID"

    await scene.finder.delete("anna", "01")
    deleted = await scene.refusal(Call(EXECUTE, api_key=scene.secret))
    assert (deleted.reason, deleted.code) == ("API_KEY_INVALID", Unauthenticated.code)


async def test_a_key_can_be_switched_off_and_on(scene: Scene) -> None:
    """The very next call knows."""
    call = Call(EXECUTE, api_key=scene.secret)
    scene.change(is_active=False)
    assert (await scene.refusal(call)).reason == "API_KEY_INACTIVE"
    scene.change(is_active=True)
    assert (await scene.gate.admit(call)).identity is not None


async def test_a_key_expires_to_the_moment(scene: Scene) -> None:
    """It works until its time, and not at it."""
    call = Call(EXECUTE, api_key=scene.secret)
    scene.change(expires_at=scene.clock.now() + timedelta(seconds=1))
    assert (await scene.gate.admit(call)).identity is not None
    scene.clock.seconds += 1

    assert (await scene.refusal(call)).reason == "API_KEY_EXPIRED"


async def test_a_missing_scope_is_named(scene: Scene) -> None:
    """A key that may only read does not write, and still reads."""
    scene.change(scopes=("jobs:read",))
    refused = await scene.refusal(Call(EXECUTE, api_key=scene.secret))
    assert isinstance(refused, PermissionDenied)
    assert refused.reason == "SCOPE_MISSING"
    assert "jobs:write" in refused.message

    assert (await scene.gate.admit(Call(GET_JOB, api_key=scene.secret))).identity is not None


async def test_any_scope_will_do_where_none_is_named(scene: Scene) -> None:
    """The status is for every key."""
    scene.change(scopes=("jobs:read",))

    assert (await scene.gate.admit(Call(GET_STATUS, api_key=scene.secret))).identity is not None


async def test_kinds_are_kept_apart(scene: Scene) -> None:
    """Keys don't manage keys, and sessions don't use the public paths."""
    for call in (
        Call(CREATE_KEY, "/api/v1/api-keys", api_key=scene.secret),
        Call(CREATE_KEY, authorization=f"Bearer {scene.secret}"),
        Call(CREATE_KEY, authorization="Bearer good", api_key=scene.secret),
        Call(CREATE_KEY, "/api/v1/public/x", authorization="Bearer good"),
        Call(EXECUTE, PUBLIC, authorization="Bearer good"),
        Call(GET_STATUS, authorization="Bearer good"),
    ):
        refused = await scene.refusal(call)
        assert isinstance(refused, Unauthenticated)
        assert refused.reason == "CREDENTIAL_UNSUITABLE"
    assert scene.finder.lookups == 0


async def test_a_wrong_key_beside_a_good_session_is_refused(scene: Scene) -> None:
    """X-API-Key decides where it is present."""
    call = Call(EXECUTE, api_key="wrong", authorization="Bearer good")

    assert (await scene.refusal(call)).reason == "API_KEY_INVALID"


async def test_the_limit_is_the_keys_own(scene: Scene) -> None:
    """After its five requests the key waits, and is let in when it was told to come."""
    call = Call(EXECUTE, api_key=scene.secret)
    for _ in range(5):
        await scene.gate.admit(call)
    refused = await scene.refusal(call)
    assert isinstance(refused, RateLimited)
    assert refused.reason == "RATE_LIMITED"
    assert refused.retry_after == pytest.approx(12)

    scene.clock.seconds += 12.001
    assert (await scene.gate.admit(call)).identity is not None


async def test_what_is_refused_uses_up_nothing(scene: Scene) -> None:
    """A call without its scope does not count."""
    scene.change(scopes=("jobs:read",))
    await scene.refusal(Call(EXECUTE, api_key=scene.secret))

    assert scene.limits.keys == []


async def test_unknown_rpcs_are_not_there(scene: Scene) -> None:
    """A good credential opens nothing that is not declared."""
    for path in ("/ignis.v1.ExecutorService/Cancel", "/ignis.v1.JobService/X", "/", ""):
        refused = await scene.refusal(Call(path, api_key=scene.secret))
        assert isinstance(refused, NotFound)


async def test_a_store_that_is_away_lets_nobody_in(scene: Scene) -> None:
    """Its error passes, so that the caller can try again."""
    scene.finder.error = Unavailable("DATABASE_UNAVAILABLE", "away")

    refused = await scene.refusal(Call(EXECUTE, api_key=scene.secret))
    assert refused.reason == "DATABASE_UNAVAILABLE"
