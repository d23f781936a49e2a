"""Wires the executor and runs it: `python -m ignis.executor`."""

from ignis.events import connection, streams
from ignis.executor import wiring
from ignis.executor.settings import ExecutorSettings
from ignis.executor.warmth import all_full
from ignis.server.lifecycle import App, run


async def build(app: App, settings: ExecutorSettings) -> None:
    """Find toolchains, prove the sandbox, then take jobs."""
    nats = await app.enter(connection.connect(settings.nats_url.get_secret_value(), "executor"))
    await streams.ensure(nats)
    app.health.depends_on("nats", lambda: connection.ping(nats))
    found = await wiring.toolchains(settings)
    sandbox = await app.enter(wiring.sandbox(settings, found))
    visible = await wiring.visible(settings, sandbox, found)
    runs = wiring.caching(settings, sandbox, app.metrics)
    executor, offered = await wiring.proven(settings, sandbox, visible, runs)
    described = wiring.description(settings, sandbox.info(), offered)
    wiring.announce(app, nats, described, executor)
    wiring.take_jobs(app, settings, nats, described.id, executor)
    app.spawn("caches", all_full(offered))


if __name__ == "__main__":
    run("executor", ExecutorSettings, build)
