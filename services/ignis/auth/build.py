"""Puts the auth service together."""

from functools import partial
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from envoy.service.auth.v3 import external_auth_pb2_grpc

from ignis.auth import check, jwks
from ignis.auth.gate import Gate
from ignis.auth.gcra import SCRIPT, RedisLimits
from ignis.auth.limiter import Limiter
from ignis.auth.metrics import AuthMetrics
from ignis.auth.policy import Policy
from ignis.auth.service import KeyService
from ignis.auth.servicer import AuthServicer
from ignis.auth.sessions import OneKey, SessionVerifier, SigningKeys
from ignis.auth.settings import AuthSettings, public_key
from ignis.auth.store import PostgresKeys
from ignis.auth.usage import Usage
from ignis.auth.validation import KeyRules
from ignis.events import connection, identity_keys
from ignis.events.connection import Nats
from ignis.server import rpcs
from ignis.server.identity import IdentitySigner
from ignis.server.lifecycle import App
from ignis.storage import postgres, redis
from ignis.storage.migrate import migrate
from ignis.v1 import auth_pb2_grpc

AUTH_SERVICE = "ignis.v1.AuthService"


async def build(app: App, settings: AuthSettings) -> None:
    """Open what the service stands on, and serve."""
    policy = Policy(rpcs.public())  # before anything else: it may refuse to start
    metrics = AuthMetrics(app.metrics)
    store = await _store(app, settings)
    nats = await app.enter(connection.connect(settings.nats_url.get_secret_value(), "auth"))
    app.health.depends_on("nats", partial(connection.ping, nats))
    app.trust(identity_keys.IdentityKeys(nats))

    rules = KeyRules(policy.key_scopes, settings.rate_limit_default, settings.rate_limit_max)
    servicer = AuthServicer(KeyService(store, rules, settings.app_env))
    app.serve(AUTH_SERVICE, partial(auth_pb2_grpc.add_AuthServiceServicer_to_server, servicer))

    usage = Usage(store, metrics)
    app.spawn("usage", usage.run())
    app.on_drain(usage.flush)
    parties = settings.authorized_parties
    sessions = SessionVerifier(_keys(settings, metrics), settings.clerk_issuer, parties)
    gate = Gate(policy, store, sessions, await _limiter(app, settings, metrics), usage, metrics)
    authorization = check.Authorization(gate, await _signer(app, nats), metrics)
    add = external_auth_pb2_grpc.add_AuthorizationServicer_to_server
    app.serve(check.SERVICE, partial(add, authorization))


async def _store(app: App, settings: AuthSettings) -> PostgresKeys:
    pool = await app.enter(postgres.connect(settings, "auth"))
    await migrate(pool, settings.db_schema, "auth")
    app.health.depends_on("database", partial(postgres.ping, pool))
    return PostgresKeys(pool)


async def _limiter(app: App, settings: AuthSettings, metrics: AuthMetrics) -> Limiter:
    client = await app.enter(redis.connect(settings))
    ping = partial(redis.ping, client)
    app.health.depends_on("redis", ping, required=False)
    limiter = Limiter(RedisLimits(client.register_script(SCRIPT)), ping, metrics)
    app.spawn("limiter", limiter.watch())
    return limiter


async def _signer(app: App, nats: Nats) -> IdentitySigner:
    """Make this replica's key pair; the others know its public half before it signs."""
    key_id, private_key = uuid4().hex, Ed25519PrivateKey.generate()
    public = private_key.public_key()
    await identity_keys.publish(nats, key_id, public)
    app.spawn("identity key", identity_keys.keep_published(nats, key_id, public))
    return IdentitySigner(key_id, private_key)


def _keys(settings: AuthSettings, metrics: AuthMetrics) -> SigningKeys:
    """The issuer's keys: the one that is given, or those that its API has."""
    if settings.clerk_jwt_key:
        return OneKey(public_key(settings.clerk_jwt_key))
    secret = settings.clerk_secret_key.get_secret_value()
    keys = jwks.Jwks(jwks.fetcher(settings.clerk_api_url, secret), metrics)
    keys.prefetch()
    return keys
