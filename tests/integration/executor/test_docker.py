"""The executor as a process with the docker driver: the image's toolchains, and a job."""

from pathlib import Path

from tests.integration.executor.process import announced, message, python_only, ran, running
from tests.integration.executor.sandbox import engines
from tests.servers import Server

from ignis.events.connection import Nats

HOST = "import os, sys; print(os.path.exists('/work'), sys.version.split()[0], os.getcwd())"


async def test_a_job(tmp_path: Path, nats: Server, connected: Nats) -> None:
    """It announces the languages of the image in the image's versions, and runs jobs in it."""
    engines.skip_without()
    env = python_only(tmp_path) | engines.settings()
    with running(tmp_path, nats.url, **env) as service:
        await service.becomes(200)
        (executor,) = await announced(connected)
        event = await ran(connected, message(HOST))

    assert "docker" == executor.sandbox
    versions = {language.id: language.version for language in executor.languages}
    assert {"python", "bash"} <= set(versions)
    assert f"False {versions['python']} /box\n".encode() == event.ended.result.stdout
