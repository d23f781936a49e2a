"""Several images: each program runs in its own, and one that doesn't work fails no other."""

import io
import secrets
import tarfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import docker
import pytest
from tests.integration.executor.sandbox import engines
from tests.integration.executor.sandbox.programs import command, ran

from ignis.executor.models import Program
from ignis.executor.probe import probe
from ignis.executor.sandbox.docker import owner
from ignis.executor.sandbox.docker.driver import DockerSandbox
from ignis.executor.sandbox.errors import SandboxError
from ignis.languages import loader

NAME = f"ignis-test-{secrets.token_hex(4)}"
OTHER = f"{NAME}-other"  # with a file of its own
ALSO = f"{NAME}-also"  # another name of the first
BROKEN = f"{NAME}-broken"  # without python3
WARM = f"{NAME}-warm"  # with a compiler's cache
GO = b"#!/bin/sh\necho go version go1.2.3 linux/amd64\n"


def commit(engine: docker.APIClient, name: str, files: dict[str, bytes]) -> None:
    """Make an image of the tests' own with some files more."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    made = engine.create_container(engines.IMAGE, command=["true"])["Id"]
    engine.put_archive(made, "/", buffer.getvalue())
    engine.commit(made, repository=name)
    engine.remove_container(made)


@pytest.fixture(name="engine", scope="module")
def engine_fixture() -> Iterator[docker.APIClient]:
    """An engine with the images."""
    engines.skip_without()
    engine = engines.client()
    engine.tag(engines.IMAGE, NAME)
    engine.tag(engines.IMAGE, ALSO)
    commit(engine, OTHER, {"opt/mark": b"other"})
    commit(engine, BROKEN, {"usr/bin/python3": b"#!/bin/sh\necho no python here; exit 1\n"})
    commit(engine, WARM, {"usr/local/go/bin/go": GO, "opt/ignis/caches/go/one": b"warm"})
    yield engine
    for name in (NAME, ALSO, OTHER, BROKEN, WARM):
        engine.remove_image(name)
    engine.close()


@pytest.fixture(name="opened")
async def opened_fixture(engine: docker.APIClient) -> AsyncIterator[DockerSandbox]:
    """A sandbox with all of them, and one that isn't there."""
    assert engine.ping()
    images = (OTHER, BROKEN, ALSO, "ignis-test-no-such-image")
    options = replace(engines.OPTIONS, image=NAME, images=images)
    sandbox = await DockerSandbox.open(slots=2, options=options)
    yield sandbox
    await sandbox.close()


def mark(image: str) -> Program:
    """A program that tells which image it sees."""
    return replace(command("sh", "-c", "cat /opt/mark || echo plain"), image=image)


async def test_each_in_its_own(engine: docker.APIClient, opened: DockerSandbox) -> None:
    """A program names its image, and sees that; without a name it is the first one."""
    said = [ran(await opened.run(mark(image))).stdout for image in ("", NAME, ALSO, OTHER)]
    ids = {name: engine.images(name=name)[0]["Id"] for name in (NAME, ALSO, OTHER)}

    assert [b"plain\n", b"plain\n", b"plain\n", b"other"] == said
    assert ids == opened.info().images


async def test_what_is_one_image_has_one_pool(opened: DockerSandbox) -> None:
    """Two names of an image share the containers that wait."""
    assert 2 == len(opened._pools)


@pytest.mark.parametrize("image", [BROKEN, "ignis-test-no-such-image"], ids=["broken", "missing"])
async def test_an_image_that_is_of_no_use(opened: DockerSandbox, image: str) -> None:
    """A program that asks for it is told so; nothing else is run in its place."""
    with pytest.raises(SandboxError, match=f"{image} isn't there"):
        await opened.run(mark(image))


async def test_only_images_of_no_use(engine: docker.APIClient) -> None:
    """When none works the driver doesn't either, and says why."""
    assert engine.ping()
    options = replace(engines.OPTIONS, image=BROKEN)
    with pytest.raises(SandboxError, match="no python here"):
        await DockerSandbox.open(slots=1, options=options)
    with pytest.raises(SandboxError, match="no-such, no-other can't be used: pull or build"):
        await DockerSandbox.open(
            slots=1, options=replace(engines.OPTIONS, image="", images=("no-such", "no-other"))
        )


async def test_a_compilers_cache(engine: docker.APIClient) -> None:
    """A cache in the image is found, jobs can read it, and none can write to it."""
    assert engine.ping()
    sandbox = await DockerSandbox.open(slots=1, options=replace(engines.OPTIONS, image=WARM))
    ((name, image),) = sandbox.info().images.items()
    found = await probe(sandbox, [loader.load()["go"]], name, image)
    env = found["go"].sandbox_env
    script = 'cat "$GOCACHE/one"; echo x > "$GOCACHE/one"; rm -f "$GOCACHE/one"; touch "$GOCACHE/y"'
    told = ran(await sandbox.run(command("sh", "-c", script, env=env)))
    again = ran(await sandbox.run(command("sh", "-c", 'cat "$GOCACHE"/*', env=env)))
    await sandbox.close()

    assert (b"warm", b"warm") == (told.stdout, again.stdout)
    assert 3 == told.stderr.count(b"Read-only file system")


async def test_nothing_is_left(engine: docker.APIClient) -> None:
    """Closing removes all containers and what was derived from each image."""
    options = replace(engines.OPTIONS, image=NAME, images=(OTHER, BROKEN))
    sandbox = await DockerSandbox.open(slots=2, options=options)
    await sandbox.run(mark(OTHER))
    query = {"label": f"{owner.EXECUTOR}={sandbox._labels[owner.EXECUTOR]}"}
    assert 2 == len(engine.images(filters=query))
    await sandbox.close()

    assert ([], []) == (engine.containers(all=True, filters=query), engine.images(filters=query))
