"""How the parts of the executor are put together."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from ignis.errors import Unavailable
from ignis.events.connection import Nats
from ignis.events.consumer import Consumer
from ignis.events.executors import Announcer
from ignis.events.publisher import Publisher
from ignis.executor.announcer import Announcements
from ignis.executor.commands import Commands, CompileSettings, interpreter
from ignis.executor.compiled.cache import CompileCache
from ignis.executor.compiled.folder import Folder
from ignis.executor.compiled.sandbox import CachingSandbox
from ignis.executor.consumer import JobConsumer, subscription
from ignis.executor.metrics import CompileMetrics, JobMetrics
from ignis.executor.models import SandboxInfo
from ignis.executor.probe import probe
from ignis.executor.sandbox import Sandbox, open_sandbox
from ignis.executor.sandbox.errors import SandboxError
from ignis.executor.sandbox.network.options import NetworkOptions
from ignis.executor.selftest import SelfTests
from ignis.executor.service import Executor
from ignis.executor.service import Sandbox as Runs
from ignis.executor.servicer import NAME, ExecutorServicer
from ignis.executor.settings import ExecutorSettings
from ignis.executor.toolchains import CACHES, Toolchain, find
from ignis.executor.warmth import first
from ignis.languages import loader
from ignis.languages.models import Language
from ignis.server.lifecycle import App
from ignis.server.logs import get_logger
from ignis.server.metrics import Metrics
from ignis.v1 import executor_pb2, executor_pb2_grpc

log = get_logger()


def languages_of(settings: ExecutorSettings) -> dict[str, Language]:
    """Every language that there is a file for, by its id."""
    return loader.load(Path(settings.languages_dir) if settings.languages_dir else None)


async def toolchains(settings: ExecutorSettings) -> dict[str, Toolchain]:
    """The toolchains of this machine, their caches filled with the first things.

    None where programs will see an image instead.
    """
    if settings.ignis_sandbox == "docker":
        return {}
    languages = languages_of(settings)
    searched = await asyncio.gather(
        *(
            find(language, settings.executor_toolchain_path, settings.executor_data_dir)
            for language in languages.values()
        )
    )
    found = [toolchain for toolchain in searched if toolchain is not None]
    for toolchain in found:
        try:
            await first(toolchain)
        except (OSError, TimeoutError) as error:
            log.warning("a toolchain failed", language=toolchain.language.id, error=str(error))
    return {toolchain.language.id: toolchain for toolchain in found}


async def visible(
    settings: ExecutorSettings, opened: Sandbox, found: Mapping[str, Toolchain]
) -> Mapping[str, Toolchain]:
    """The toolchains that programs in the sandbox have: `found` on this machine, or its images'."""
    images = opened.info().images
    if not images:
        return found
    inside: dict[str, list[Language]] = {}
    for language in languages_of(settings).values():
        inside.setdefault(settings.image_of(language), []).append(language)
    probed = await asyncio.gather(
        *(_probed(opened, inside[name], name, image) for name, image in images.items())
    )
    return {name: toolchain for one in probed for name, toolchain in one.items()}


async def _probed(
    opened: Sandbox, languages: list[Language], name: str, image: str
) -> dict[str, Toolchain]:
    """The toolchains of an image; one that doesn't work has none."""
    try:
        found = await probe(opened, languages, name, image)
    except SandboxError as error:
        log.warning("an image does not work", image=name, error=str(error))
        return {}
    for toolchain in found.values():
        if toolchain.language.warm is not None and toolchain.baked is None:
            folder = str(CACHES / toolchain.language.id)
            log.warning("an image has no warm cache: compiling takes long", image=name, at=folder)
    return found


@asynccontextmanager
async def sandbox(
    settings: ExecutorSettings, found: Mapping[str, Toolchain]
) -> AsyncIterator[Sandbox]:
    """Open the sandbox.

    Raises:
        Unavailable: no driver works here; the text says what to do.
    """
    mounts = {
        mount
        for toolchain in found.values()
        for mount in (*toolchain.mounts, *([toolchain.cache] if toolchain.cache else []))
    }
    images = tuple(settings.image_of(language) for language in languages_of(settings).values())
    try:
        opened = await open_sandbox(
            settings.ignis_sandbox,
            slots=settings.slots,
            mounts=sorted(mounts, key=lambda mount: mount.target),
            docker=replace(settings.docker, images=images),
            interpreter=interpreter(commands_of(settings, found).values()),
            network=await _network(settings),
        )
    except SandboxError as error:
        raise Unavailable("SANDBOX_UNAVAILABLE", str(error)) from error
    info = opened.info()
    for note in info.notes:
        log.warning("the sandbox works with less", sandbox=info.driver, reason=note)
    try:
        yield opened
    finally:
        await opened.close()


async def _network(settings: ExecutorSettings) -> NetworkOptions:
    """What programs may do with the network: never reach the servers that Ignis itself uses.

    NATS alone is known here; it may have a public address like any other.
    """
    wanted = settings.network
    if not wanted.enabled:
        return wanted
    found = set(wanted.denied)
    for url in settings.nats_url.get_secret_value().split(","):
        with suppress(OSError):  # a name that leads nowhere
            loop = asyncio.get_running_loop()
            for info in await loop.getaddrinfo(urlsplit(url.strip()).hostname, None):
                found.add(ip_network(str(info[4][0]).partition("%")[0]))
    return replace(wanted, denied=tuple(sorted(found, key=str)))


def caching(settings: ExecutorSettings, opened: Sandbox, metrics: Metrics) -> Runs:
    """The sandbox, with a cache of compile steps unless the operator wants none."""
    if not settings.executor_compile_cache_mb:
        return opened
    most_bytes = settings.executor_compile_cache_mb << 20
    most_seconds = settings.executor_compile_cache_hours * 3600
    try:
        folder = Folder(settings.executor_data_dir / "compiled", most_bytes, most_seconds)
    except OSError as error:
        log.warning("no compiled program is kept", error=str(error))
        return opened
    cache = CompileCache(folder, most_bytes, CompileMetrics(metrics))
    return CachingSandbox(opened, cache, shared=settings.executor_compile_cache_shared)


def commands_of(settings: ExecutorSettings, found: Mapping[str, Toolchain]) -> dict[str, Commands]:
    """The commands of each language."""
    compiling = CompileSettings(settings.compile_time_ms, settings.compile_output_bytes)
    return {
        name: Commands(
            toolchain.language,
            toolchain.version,
            toolchain.sandbox_env,
            compiling,
            toolchain.identity,
            toolchain.image_name,
        )
        for name, toolchain in found.items()
    }


async def proven(
    settings: ExecutorSettings,
    opened: Sandbox,
    found: Mapping[str, Toolchain],
    runs: Runs | None = None,
) -> tuple[Executor, dict[str, Toolchain]]:
    """An executor of the languages whose self-test passes; it runs jobs in `runs`.

    Self-tests run in `opened` itself: what was compiled earlier proves nothing.

    Raises:
        Unavailable: there is none; an executor without languages helps nobody.
    """
    commands = commands_of(settings, found)
    executor = Executor(opened, commands)
    tests = SelfTests(executor, settings.executor_data_dir, opened.info().driver)
    passing = await tests.passing(found)
    if not passing:
        raise Unavailable(
            "NO_LANGUAGE",
            "No language passed its self-test; install a toolchain, or see above why.",
        )
    offered = {name: commands[name] for name in passing}
    return Executor(runs or opened, offered, network=opened.info().network), passing


def description(
    settings: ExecutorSettings, info: SandboxInfo, offered: Mapping[str, Toolchain]
) -> executor_pb2.Executor:
    """What this executor announces."""
    described = executor_pb2.Executor(
        id=f"{socket.gethostname()}-{secrets.token_hex(4)}",
        address=settings.executor_address or f"{socket.gethostname()}:{settings.grpc_port}",
        pool=settings.executor_pool,
        capacity=settings.slots,
        sandbox=info.driver,
        weak_memory_limits=info.weak_memory_limits,
        network=info.network,
        languages=[
            executor_pb2.InstalledLanguage(
                id=name, version=toolchain.version, aliases=toolchain.language.aliases
            )
            for name, toolchain in offered.items()
        ],
    )
    described.started_at.GetCurrentTime()
    return described


def announce(app: App, nats: Nats, described: executor_pb2.Executor, executor: Executor) -> None:
    """Tell the other services, in the bucket and when they ask."""
    announcements = Announcements(Announcer(nats), described, executor)
    app.on_drain(announcements.stop)
    app.spawn("announcements", announcements.run())
    servicer = ExecutorServicer(announcements, executor)
    app.serve(
        NAME,
        lambda server: executor_pb2_grpc.add_ExecutorServiceServicer_to_server(servicer, server),
    )


def take_jobs(
    app: App, settings: ExecutorSettings, nats: Nats, name: str, executor: Executor
) -> None:
    """Take jobs from the pool's queue, as many at once as there are slots."""
    metrics = JobMetrics(app.metrics, settings.slots)
    jobs = JobConsumer(name, executor, Publisher(nats), settings.job_max_attempts, metrics)
    taking = subscription(settings.executor_pool, settings.slots)
    consumer = Consumer(nats, taking, jobs.handle, app.metrics)
    app.on_drain(consumer.drain)
    app.spawn("jobs", consumer.run())
