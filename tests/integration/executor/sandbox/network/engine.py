"""A Docker Engine of one's own, with a bridge, inside a closed world."""

import io
import os
import re
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import DockerException
from tests.integration.executor.sandbox.engines import IMAGE

_SECONDS = 30.0
_LIBRARY = re.compile(r"(/\S+) \(0x")
_NFT = "/usr/sbin/nft"


def host_of(folder: Path) -> str:
    """Return the DOCKER_HOST of an engine that lives in a folder."""
    return f"unix://{folder}/docker.sock"


def save(folder: Path) -> None:
    """Take the image for programs from this machine's engine."""
    subprocess.run(("docker", "save", "-o", str(folder / "image.tar"), IMAGE), check=True)


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Run an engine in this network namespace until the block ends."""
    options = [
        *("--host", host_of(folder), "--data-root", str(folder / "data")),
        *("--exec-root", str(folder / "exec"), "--pidfile", str(folder / "pid")),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(("dockerd", *options), stdout=log, stderr=log)
    try:
        client = _answering(folder, process)
        with (folder / "image.tar").open("rb") as image:
            client.load_image(image)  # type: ignore[no-untyped-call]  # its stub has no types
        _add_nft(client)
        client.close()
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _answering(folder: Path, process: subprocess.Popen[bytes]) -> docker.APIClient:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return docker.APIClient(base_url=host_of(folder), version="auto", timeout=60)
        except DockerException:
            time.sleep(0.05)
    raise AssertionError((folder / "log").read_text()[-2000:])


def _add_nft(client: docker.APIClient) -> None:
    """Give the image this machine's nft, which is of the same Debian."""
    linked = subprocess.run(("ldd", _NFT), check=True, capture_output=True, text=True).stdout
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", dereference=True) as archive:
        for path in (_NFT, *_LIBRARY.findall(linked)):
            archive.add(
                path, os.path.realpath(Path(path).parent).lstrip("/") + f"/{Path(path).name}"
            )
    made = client.create_container(IMAGE, command=["true"])["Id"]
    client.put_archive(made, "/", buffer.getvalue())
    repository, _, tag = IMAGE.partition(":")
    client.commit(made, repository=repository, tag=tag or "latest")
    client.remove_container(made)
