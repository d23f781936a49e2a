"""The executor as a process with the docker driver: the image's toolchains, and a job."""

import secrets
from pathlib import Path

from tests.integration.executor.process import (
    PATIENCE,
    announced,
    end_of,
    message,
    post,
    python_only,
    ran,
    running,
    without_go,
)
from tests.integration.executor.sandbox import engines
from tests.servers import Server

from ignis.events.connection import Nats

HOST = "import os, sys; print(os.path.exists('/work'), sys.version.split()[0], os.getcwd())"


async def test_a_job(tmp_path: Path, nats: Server, connected: Nats) -> None:
    """It announces the languages of the image in the image's versions, and runs jobs in it."""
    engines.skip_without()
    env = python_only(tmp_path) | engines.settings()
    with running(tmp_path, nats.url, **env) as service:
        await service.becomes(200, PATIENCE)
        (executor,) = await announced(connected)
        event = await ran(connected, message(HOST))

    assert "docker" == executor.sandbox
    versions = {language.id: language.version for language in executor.languages}
    assert ["python"] == list(versions)
    assert f"False {versions['python']} /box\n".encode() == event.ended.result.stdout


async def test_an_image_for_each_language(tmp_path: Path, nats: Server, connected: Nats) -> None:
    """A language is run in its image, and one whose image isn't there is not offered."""
    engines.skip_without()
    name = f"ignis-test-{secrets.token_hex(4)}"
    env = without_go(tmp_path) | engines.settings()
    env |= {
        "SANDBOX_IMAGE": f"{name}-{{language}}",
        "SANDBOX_IMAGES": f"bash={engines.IMAGE}",
        "EXECUTOR_POOL": "images",
    }
    engine = engines.client()
    engine.tag(engines.IMAGE, f"{name}-python")
    try:
        with running(tmp_path, nats.url, **env) as service:
            await service.becomes(200, PATIENCE)
            offers = [one for one in await announced(connected) if one.pool == "images"]
            outputs = []
            for job in (message("print('py')"), message("echo sh", "bash")):
                await post(connected, job, "images")
                outputs.append((await end_of(connected, job.job_id)).ended.result.stdout)
    finally:
        engine.remove_image(f"{name}-python")
        engine.close()

    assert {"python", "bash"} == {one.id for offer in offers for one in offer.languages}
    assert [b"py\n", b"sh\n"] == outputs
