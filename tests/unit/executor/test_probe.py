"""Toolchains are found by what a sandbox says."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from ignis.executor.live import Live
from ignis.executor.models import Outcome, Program, StepOutcome
from ignis.executor.probe import probe
from ignis.executor.toolchains import SYSTEM_PATH
from ignis.languages import loader
from ignis.languages.models import Language


class Shell:
    """Runs steps on this machine."""

    def __init__(self) -> None:
        self.images: list[str] = []

    async def run(self, program: Program, _live: Live | None = None) -> Outcome:
        """Run the step as it is."""
        self.images.append(program.image)
        done = await asyncio.to_thread(
            subprocess.run, program.run.argv, capture_output=True, check=False
        )
        step = StepOutcome(done.stdout, b"", False, False, done.returncode, None, 1.0, 1.0, 1)
        return Outcome(compile=None, run=step)


def language(name: str, version: tuple[str, ...]) -> Language:
    """Return a language whose toolchain is `sh`."""
    python = loader.load(None)["python"]
    toolchain = python.toolchain.model_copy(
        update={"program": "sh" if version else "no-such-tool", "version": version or ("x",)}
    )
    return python.model_copy(update={"id": name, "toolchain": toolchain})


async def test_found() -> None:
    """Each language that answers is there, with its version and where it is; others aren't."""
    languages = [
        language("one", ("echo", "-n", "Python 3.1.2")),
        language("two", ("sh", "-c", "echo 'Python 4.5.6 it''s' >&2; exit 3")),
        language("mute", ("true",)),
        language("missing", ()),
    ]
    shell = Shell()
    found = await probe(shell, languages, "image:1", "sha256:1")

    assert {"one": "3.1.2", "two": "4.5.6"} == {name: one.version for name, one in found.items()}
    one = found["one"]
    assert ("sha256:1", "image:1", (), None) == (one.image, one.image_name, one.mounts, one.cache)
    assert ["image:1"] == shell.images
    assert "sh" == one.program.name
    assert {str(Path(one.program).parent), *SYSTEM_PATH} == set(one.path.split(":"))


async def test_a_baked_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an image has a language's cache, the language's commands are told where."""
    monkeypatch.setattr("ignis.executor.probe.CACHES", tmp_path)
    go = loader.load(None)["go"]
    toolchain = go.toolchain.model_copy(
        update={"program": "sh", "version": ("echo", "go version go1.2.3 linux/amd64")}
    )
    go = go.model_copy(update={"toolchain": toolchain})
    cold = (await probe(Shell(), [go], "image:1", "sha256:1"))["go"]
    (tmp_path / "go").mkdir()
    warm = (await probe(Shell(), [go], "image:1", "sha256:1"))["go"]

    assert "GOCACHE" not in cold.sandbox_env
    assert str(tmp_path / "go") == warm.sandbox_env["GOCACHE"]
    assert warm.cache is None
