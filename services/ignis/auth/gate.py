"""Lets a call in or refuses it: the credential, its scopes, its rate limit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ignis.auth import credentials, keys
from ignis.auth.credentials import Shown
from ignis.auth.gcra import Decision
from ignis.auth.metrics import AuthMetrics
from ignis.auth.models import ApiKey
from ignis.auth.policy import Policy, Rule
from ignis.auth.service import utc_now
from ignis.errors import PermissionDenied, ResourceExhausted, Unauthenticated
from ignis.server.identity import CredentialKind, Identity
from ignis.server.ids import new_id


class KeyFinder(Protocol):
    """Where keys are looked up."""

    async def by_digest(self, digest: bytes) -> ApiKey | None:
        """The key whose secret has this SHA-256."""
        ...


class Sessions(Protocol):
    """What verifies session tokens."""

    async def verify(self, token: str) -> str:
        """Read a token; returns the user's id."""
        ...


class Limits(Protocol):
    """What counts requests."""

    async def take(self, key: str, limit: int) -> Decision:
        """Count one request of a key."""
        ...


class UsageLog(Protocol):
    """What remembers when keys were used."""

    def note(self, key: ApiKey, now: datetime) -> None:
        """Remember that a key was used."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """What the gateway asks about."""

    path: str  # the RPC's, `/ignis.v1.JobService/Execute`
    rest_path: str = ""  # the one that the client sent; empty when it speaks gRPC
    api_key: str = ""  # the header X-API-Key
    authorization: str = ""  # the header Authorization


@dataclass(frozen=True, slots=True)
class Admission:
    """A call that may pass: who calls, if anybody needs to know, and how much is left."""

    identity: Identity | None = None
    limit: Decision | None = None


class RateLimited(ResourceExhausted):
    """The key has used up its limit."""

    def __init__(self, limit: Decision) -> None:
        super().__init__(
            "RATE_LIMITED",
            f"This API key may send {limit.limit} requests a minute; wait as Retry-After says,"
            " or raise the key's rate_limit.",
            retry_after=limit.retry_after,
        )
        self.limit = limit


class Gate:
    """Decides about calls. Whatever is not allowed is refused."""

    def __init__(
        self,
        policy: Policy,
        finder: KeyFinder,
        sessions: Sessions,
        limits: Limits,
        usage: UsageLog,
        metrics: AuthMetrics,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._policy = policy
        self._finder = finder
        self._sessions = sessions
        self._limits = limits
        self._usage = usage
        self._metrics = metrics
        self._now = now

    async def admit(self, call: Call) -> Admission:
        """Let a call in.

        Raises:
            NotFound: there is no such RPC.
            Unauthenticated: the credential is missing, wrong, or of the wrong kind.
            PermissionDenied: it lacks the scope.
            RateLimited: its limit is used up.
            Unavailable: what is needed to decide is away.
        """
        rule = self._policy.rule(call.path, call.rest_path)
        if rule.open:
            return Admission()
        shown = credentials.read(call.api_key, call.authorization)
        if shown is None:
            raise credentials.missing(rule.kinds)
        if shown.kind not in rule.kinds:
            raise credentials.unsuitable(rule.kinds)
        if shown.kind is CredentialKind.SESSION:
            return await self._admit_session(shown)
        return await self._admit_key(shown, rule)

    async def _admit_session(self, shown: Shown) -> Admission:
        user = await self._sessions.verify(shown.secret)
        return Admission(Identity(user, CredentialKind.SESSION, self._policy.scopes, new_id()))

    async def _admit_key(self, shown: Shown, rule: Rule) -> Admission:
        key = await self._find(shown.secret)
        now = self._now()
        if not key.is_active:
            raise Unauthenticated("API_KEY_INACTIVE", "This API key is switched off.")
        if key.expired(now):
            raise Unauthenticated("API_KEY_EXPIRED", "This API key has expired; make a new one.")
        if rule.scope and rule.scope not in key.scopes:
            raise PermissionDenied(
                "SCOPE_MISSING",
                f"This API key lacks the scope {rule.scope}; give it to the key, or use another.",
                metadata={"scope": rule.scope},
            )
        limit = await self._limits.take(f"key:{key.id}", key.rate_limit)
        self._usage.note(key, now)
        if not limit.allowed:
            raise RateLimited(limit)
        scopes = frozenset(key.scopes)
        identity = Identity(key.owner, CredentialKind.API_KEY, scopes, new_id(), key.id)
        return Admission(identity, limit)

    async def _find(self, secret: str) -> ApiKey:
        if not keys.is_well_formed(secret):
            self._metrics.lookups.labels("malformed").inc()
            raise Unauthenticated(
                "API_KEY_INVALID", "This is not an API key of Ignis, or it was cut off or mistyped."
            )
        key = await self._finder.by_digest(keys.digest(secret))
        self._metrics.lookups.labels("unknown" if key is None else "found").inc()
        if key is None:
            raise Unauthenticated("API_KEY_INVALID", "There is no such API key; it may be deleted.")
        return key
