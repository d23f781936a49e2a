"""Toolchains that were found on this machine, as programs in the sandbox see them."""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.executor.sandbox.programs import LIMITS, ran
from tests.unit.executor.test_toolchains import install, language

from ignis.executor.models import Program, Step
from ignis.executor.sandbox import open_sandbox
from ignis.executor.toolchains import find


@pytest.fixture(name="folder")
def folder_fixture(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder outside of /tmp, which every sandbox has of its own."""
    assert request.config.cache is not None
    folder = request.config.cache.mkdir("toolchains") / secrets.token_hex(4)
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


async def said(folder: Path, directory: Path) -> bytes:
    """What a toolchain found in `directory` says in a sandbox."""
    found = await find(language(), str(directory), folder / "data")
    assert found is not None
    sandbox = await open_sandbox("namespace", slots=1, mounts=found.mounts)
    try:
        step = Step(("lang",), found.sandbox_env, LIMITS)
        return ran(await sandbox.run(Program(files=(), run=step))).stdout
    finally:
        await sandbox.close()


async def test_a_folder_that_is_a_link(folder: Path) -> None:
    """A toolchain below a link to a folder is found in the sandbox too."""
    install(folder / "real")
    (folder / "link").symlink_to("real")

    assert b"Lang 1.2.3\n" == await said(folder, folder / "link" / "bin")


async def test_a_chain_of_links(folder: Path) -> None:
    """Links to a program through links to its folder lead there in the sandbox too."""
    install(folder / "store" / "lang-1.2.3")
    (folder / "current").symlink_to(folder / "store" / "lang-1.2.3")
    (folder / "profile" / "bin").mkdir(parents=True)
    (folder / "profile" / "bin" / "lang").symlink_to(folder / "current" / "bin" / "lang")

    assert b"Lang 1.2.3\n" == await said(folder, folder / "profile" / "bin")
