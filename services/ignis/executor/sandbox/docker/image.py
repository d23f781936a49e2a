"""The image that containers are made from: the operator's, with the runner in it.

The executor may itself be in a container, so that no path of its own means
anything to the engine: what a sandbox needs travels through the engine's API.
"""

import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ignis.executor.runner.place import BOX
from ignis.executor.sandbox.docker import owner
from ignis.executor.sandbox.docker.engine import Engine
from ignis.executor.sandbox.errors import SandboxError

HOME = "/opt/ignis/runner"
ENTRY = f"{HOME}/ignis/executor/sandbox/docker/inside.py"
_PACKAGE = Path(__file__).parents[3]  # ignis
_SHIPPED = (
    *("executor/models.py", "executor/runner/*.py"),
    *("executor/sandbox/docker/inside.py", "executor/sandbox/docker/watching.py"),
)
_REPOSITORY = "ignis-sandbox"
# Read-only later: compiled now, or each container would compile it again.
_PREPARE = (
    "import compileall, sys\n"
    "sys.version_info >= (3, 11) or sys.exit('python3 is older than 3.11')\n"
    f"compileall.compile_dir('{HOME}', quiet=1) or sys.exit('the runner does not compile')\n"
)


async def image_ids(engine: Engine, names: tuple[str, ...]) -> dict[str, str]:
    """Return the ids of those images that the engine has, by name.

    Raises:
        SandboxError: it has none of them.
    """
    found: dict[str, str] = {}
    why = ""
    for name in names:
        try:
            about: dict[str, Any] = await engine.call(engine.client.inspect_image, name)
        except SandboxError as error:
            why = f"({error})"
        else:
            found[name] = str(about["Id"])
    if not found:
        listed = ", ".join(names) or "no image"
        raise SandboxError(f"SANDBOX_IMAGE={listed} can't be used: pull or build it first {why}")
    return found


async def derive(
    engine: Engine, base: str, number: int, uids: range, labels: Mapping[str, str]
) -> str:
    """Return the id of an image of `base` with the runner, where `uids` are users.

    `number` is for the name of the image: each base of an executor has another.

    Raises:
        SandboxError: there is no python3 in it, or an old one.
    """
    client = engine.client
    wanted = {
        "image": base,
        "entrypoint": ["python3", "-I", "-S", "-c", _PREPARE],
        "user": "0:0",
        "network_disabled": True,
        "host_config": client.create_host_config(network_mode="none"),
    }
    container = await engine.create(wanted, labels)
    try:
        await engine.call(client.put_archive, container, "/", _archive(uids))
        await engine.call(client.start, container)
        ended = await engine.call(client.wait, container)
        if ended["StatusCode"]:
            said = await engine.call(client.logs, container)
            raise SandboxError(f"SANDBOX_IMAGE={base}: {said.decode(errors='replace').strip()}")
        committed = await engine.call(
            client.commit,
            container,
            repository=_REPOSITORY,
            tag=f"{labels[owner.EXECUTOR]}-{number}",
            conf={"Labels": dict(labels)},
        )
    finally:
        await engine.remove(container)
    image: str = committed["Id"]
    return image


def tag(labels: Mapping[str, str], number: int = 0) -> str:
    """Return the name of the image that `derive` made."""
    return f"{_REPOSITORY}:{labels[owner.EXECUTOR]}-{number}"


def _archive(uids: range) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in _files(uids):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
        folder = tarfile.TarInfo(BOX.lstrip("/"))
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
    return buffer.getvalue()


def _files(uids: range) -> Iterator[tuple[str, bytes]]:
    """The runner's modules, empty packages around them, and the users."""
    home = HOME.lstrip("/")
    paths = [path for pattern in _SHIPPED for path in _PACKAGE.glob(pattern)]
    names = {path.relative_to(_PACKAGE.parent) for path in paths}
    for package in {folder for name in names for folder in name.parents if folder.name}:
        yield f"{home}/{package / '__init__.py'}", b""
    for name in sorted(names):
        if name.name != "__init__.py":
            yield f"{home}/{name}", (_PACKAGE.parent / name).read_bytes()
    users = "".join(f"ignis:x:{uid}:{uid}:ignis:{BOX}:/bin/sh\n" for uid in uids)
    groups = "".join(f"ignis:x:{uid}:\n" for uid in uids)
    nobody = "nobody:x:65534:65534:nobody:/:/bin/sh\n"
    yield "etc/passwd", f"root:x:0:0:root:/root:/bin/sh\n{nobody}{users}".encode()
    yield "etc/group", f"root:x:0:\nnogroup:x:65534:\n{groups}".encode()
