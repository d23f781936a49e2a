"""Toolchains are found, asked for their version, and shown to sandboxes."""

import os
from pathlib import Path

import pytest
from tests.unit.executor.factories import LANGUAGES

from ignis.executor import toolchains
from ignis.executor.models import Mount
from ignis.executor.toolchains import SYSTEM_PATH, Toolchain, find, output
from ignis.languages.loader import parse
from ignis.languages.models import Language

PYTHON = LANGUAGES["python"]


def language(program: str = "lang", version: str = "lang", warm: str = "") -> Language:
    """A language with a toolchain of the test's."""
    return parse(
        "test.toml",
        f"""
id = "lang"
name = "Lang"
file = "main.lg"
[toolchain]
program = "{program}"
version = ["{version}", "--version"]
pattern = 'Lang (\\S+)'
env = {{LANG_MODE = "quiet"}}
[run]
command = ["lang", "{{file}}"]
{warm}
[test]
code = "x"
stdout = "x"
""",
    )


WARM = '[warm]\nenv = "LANG_CACHE"\ncommand = ["lang", "warm"]\n'


def install(root: Path, script: str = "echo Lang 1.2.3", name: str = "lang") -> Path:
    """Put a program into `<root>/bin`; returns that folder."""
    folder = root / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return folder


async def test_a_toolchain_is_found_with_its_version(tmp_path: Path) -> None:
    """The program, its version, its PATH and the folder that a sandbox must see are found."""
    folder = install(tmp_path / "opt")
    found = await find(language(), str(folder), tmp_path / "data")

    assert found is not None
    assert ("1.2.3", folder / "lang") == (found.version, found.program)
    assert found.path.split(":") == [str(folder), *SYSTEM_PATH]
    assert found.mounts == (Mount(tmp_path / "opt", tmp_path / "opt"),)
    assert (found.cache, found.sandbox_env["LANG_MODE"]) == (None, "quiet")


async def test_the_first_directory_goes_first(tmp_path: Path) -> None:
    """Directories are searched in their order, empty ones are none."""
    first, second = install(tmp_path / "a", "echo Lang 1"), install(tmp_path / "b", "echo Lang 2")
    found = await find(language(), f":{first}::{second}", tmp_path / "data")

    assert found is not None
    assert found.version == "1"


async def test_a_link_is_followed(tmp_path: Path) -> None:
    """A link to a program elsewhere brings both folders into the sandbox."""
    real = install(tmp_path / "real")
    linked = tmp_path / "linked" / "bin"
    linked.mkdir(parents=True)
    (linked / "lang").symlink_to(real / "lang")
    found = await find(language(), str(linked), tmp_path / "data")

    assert found is not None
    assert found.program == real / "lang"
    assert {mount.source for mount in found.mounts} == {tmp_path / "linked", tmp_path / "real"}


async def test_each_link_of_a_chain_is_shown(tmp_path: Path) -> None:
    """A chain of links brings every folder on its way, and where it ends is in the PATH."""
    real = install(tmp_path / "real")
    (tmp_path / "current").symlink_to(tmp_path / "real")
    (tmp_path / "linked" / "bin").mkdir(parents=True)
    (tmp_path / "linked" / "bin" / "lang").symlink_to(tmp_path / "current" / "bin" / "lang")
    (tmp_path / "way").symlink_to(tmp_path / "linked")
    found = await find(language(), str(tmp_path / "way" / "bin"), tmp_path / "data")

    assert found is not None
    names = {mount.source.name for mount in found.mounts}
    assert {"way", "current", "real"} == names
    assert found.path.split(":")[:2] == [str(tmp_path / "way" / "bin"), str(real)]


async def test_a_relative_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory below the working folder is known by its full path in the sandbox."""
    install(tmp_path / "opt")
    monkeypatch.chdir(tmp_path)
    found = await find(language(), "opt/bin", tmp_path / "data")

    assert found is not None
    assert found.mounts == (Mount(tmp_path / "opt", tmp_path / "opt"),)
    assert found.path.split(":")[0] == str(tmp_path / "opt" / "bin")


async def test_what_is_beside_a_toolchain_stays_hidden(tmp_path: Path) -> None:
    """A program that is not in a `bin` brings its own folder, and not all that is beside it."""
    folder = install(tmp_path / "opt").rename(tmp_path / "opt" / "lang")
    found = await find(language(), str(folder), tmp_path / "data")

    assert found is not None
    assert found.mounts == (Mount(folder, folder),)


def test_alternatives_bring_nothing_of_etc() -> None:
    """A compiler that is reached through /etc/alternatives shows no sandbox the rest of /etc."""
    steps = (Path("/usr/bin/awk"), Path("/etc/alternatives/awk"), Path("/usr/bin/mawk"))

    assert () == toolchains._mounts(steps)


@pytest.mark.parametrize(
    "script",
    ["exit 3", "echo no version", "echo Lang 1; exit 1", "kill -9 $$"],
)
async def test_a_toolchain_that_does_not_work_is_not_found(tmp_path: Path, script: str) -> None:
    """A program that fails, or says nothing of a version, is as good as none."""
    folder = install(tmp_path / "opt", script)

    assert await find(language(), str(folder), tmp_path / "data") is None


async def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    """No program, or one that can't be executed, is no toolchain."""
    folder = install(tmp_path / "opt")
    (folder / "lang").chmod(0o644)

    assert await find(language(), str(folder), tmp_path / "data") is None
    assert await find(language(version="no-such"), str(install(tmp_path / "b")), tmp_path) is None


async def test_a_cache_has_its_place(tmp_path: Path) -> None:
    """A language with a cache gets a folder for each version, under another name for jobs."""
    folder = install(tmp_path / "opt")
    found = await find(language(warm=WARM), str(folder), tmp_path / "data")

    assert found is not None
    assert found.cache == Mount(
        tmp_path / "data/caches/lang-1.2.3", Path("/opt/ignis/caches/lang-1.2.3")
    )
    assert found.cache.source.is_dir()
    assert found.sandbox_env["LANG_CACHE"] == "/opt/ignis/caches/lang-1.2.3"
    assert found.env(found.cache.source)["LANG_CACHE"] == str(found.cache.source)
    assert "LANG_CACHE" not in found.env()


async def test_another_toolchain_has_another_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiler of the same version in other bytes is another, and so is one on other packages."""
    packages = tmp_path / "packages"
    monkeypatch.setattr(toolchains, "PACKAGES", (str(packages), str(tmp_path / "none")))
    folder = install(tmp_path / "opt")
    found = await find(language(), str(folder), tmp_path / "data")
    assert found is not None
    seen = [found.identity()]
    packages.write_text("one")
    seen.append(found.identity())
    packages.write_text("other")
    seen.append(found.identity())
    install(tmp_path / "opt", "echo Lang 1.2.3; true")
    seen.append(found.identity())

    assert 4 == len(set(seen))
    assert found.identity() == found.identity()


def test_an_image_is_an_identity() -> None:
    """What is in an image changes with the image, whatever this machine has."""
    one, other = (
        Toolchain(language(), "1", Path("/bin/sh"), "/bin", (), None, image=image)
        for image in ("sha256:1", "sha256:2")
    )

    assert one.identity() != other.identity()


async def test_python_is_always_there(tmp_path: Path) -> None:
    """The interpreter that runs this is found without any directory."""
    found = await find(PYTHON, "", tmp_path)

    assert found is not None
    assert found.version.startswith("3.")


async def test_a_command_sees_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A toolchain's command gets the environment that it is given, and no secret of ours."""
    monkeypatch.setenv("NATS_URL", "nats://secret")
    folder = install(tmp_path, 'echo "[$NATS_URL]" "$KEY" "$HOME"; cat; echo err >&2')
    said = await output(("lang",), {"PATH": f"{folder}:/bin:/usr/bin", "KEY": "v"}, 10)

    assert said == "[] v /dev/null\nerr\n"


async def test_a_command_has_an_end(tmp_path: Path) -> None:
    """A command that takes too long is killed, and told as such."""
    folder = install(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    with pytest.raises(TimeoutError):
        await output(("lang",), {"PATH": f"{folder}:/bin:/usr/bin"}, 0.3)

    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    """The error has the command and what it wrote."""
    folder = install(tmp_path, "echo out of luck; exit 7")
    with pytest.raises(OSError, match="lang x: out of luck"):
        await output(("lang", "x"), {"PATH": str(folder)}, 10)
