"""Wires the job service and runs it: `python -m ignis.job`."""

from ignis.events import connection, streams
from ignis.events.executors import ExecutorDirectory
from ignis.events.identity_keys import IdentityKeys
from ignis.job.settings import JobSettings
from ignis.job.wiring import serve, track
from ignis.server.lifecycle import App, run
from ignis.storage import postgres, redis
from ignis.storage.migrate import migrate


async def build(app: App, settings: JobSettings) -> None:
    """Open what the service stands on, then put it together."""
    pool = await app.enter(postgres.connect(settings, "job"))
    await migrate(pool, settings.db_schema, "job")
    nats = await app.enter(connection.connect(settings.nats_url.get_secret_value(), "job"))
    await streams.ensure(nats)
    cache = await app.enter(redis.connect(settings))
    app.health.depends_on("database", lambda: postgres.ping(pool))
    app.health.depends_on("nats", lambda: connection.ping(nats))
    app.health.depends_on("redis", lambda: redis.ping(cache), required=False)
    app.trust(IdentityKeys(nats))
    directory = ExecutorDirectory(nats)
    app.spawn("executor directory", directory.watch())
    tracked = await track(app, settings, pool, nats, directory)
    serve(app, settings, pool, directory, tracked)


if __name__ == "__main__":
    run("job", JobSettings, build)
