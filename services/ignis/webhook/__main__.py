"""Start the webhook service."""

from functools import partial

from ignis.events import connection, streams
from ignis.events.consumer import Consumer
from ignis.events.identity_keys import IdentityKeys
from ignis.server.lifecycle import App, run
from ignis.storage import postgres
from ignis.storage.migrate import migrate
from ignis.v1.webhook_pb2_grpc import add_WebhookServiceServicer_to_server
from ignis.webhook.cleanup import forget_for_ever
from ignis.webhook.consumer import EventHandler, subscription
from ignis.webhook.service import Deliveries, Webhooks
from ignis.webhook.servicer import WebhookServicer
from ignis.webhook.settings import WebhookSettings
from ignis.webhook.store import PostgresDeliveries, PostgresWebhooks


async def build(app: App, settings: WebhookSettings) -> None:
    """Wire the room together."""
    pool = await app.enter(postgres.connect(settings, app.room))
    nats = await app.enter(connection.connect(settings.nats_url.get_secret_value(), app.room))
    await migrate(pool, settings.db_schema, app.room)
    await streams.ensure(nats)
    webhooks = Webhooks(PostgresWebhooks(pool), settings.rules)
    deliveries = Deliveries(PostgresDeliveries(pool), settings.retention)
    handler = EventHandler(deliveries, app.metrics)
    consumer = Consumer(nats, subscription(settings.webhook_workers), handler.handle, app.metrics)
    app.health.depends_on("database", partial(postgres.ping, pool))
    app.health.depends_on("nats", partial(connection.ping, nats))
    app.trust(IdentityKeys(nats))
    servicer = WebhookServicer(webhooks)
    app.serve("ignis.v1.WebhookService", partial(add_WebhookServiceServicer_to_server, servicer))
    app.spawn("events", consumer.run())
    app.spawn("cleanup", forget_for_ever(deliveries, app.metrics))
    app.on_drain(consumer.drain)


run("webhook", WebhookSettings, build)
