"""Calls to the Docker Engine, which block, on threads beside the event loop."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.tls import TLSConfig
from requests.exceptions import RequestException

from ignis.executor.sandbox.docker.options import DockerOptions
from ignis.executor.sandbox.docker.stream import Stream
from ignis.executor.sandbox.errors import SandboxError

_P = ParamSpec("_P")
_T = TypeVar("_T")
_TIMEOUT = 60  # seconds; an engine under load takes its time
_NEWS_SECONDS = 1  # news of a death may come after it
_GONE = (404, 409)  # removed already, or being removed
_DEFAULT_HOST = "unix:///var/run/docker.sock"


class Engine:
    """One engine; `connect` makes it."""

    def __init__(self, client: docker.APIClient, options: DockerOptions, threads: int) -> None:
        """Use `client`, with up to `threads` calls at once."""
        self._client = client
        # No proxy between us and the engine; and requests would read the environment for one
        # at each call, in threads, while others may change it.
        client.trust_env = False
        self._options = options
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="docker")

    @classmethod
    async def connect(cls, options: DockerOptions, threads: int) -> "Engine":
        """Find the engine; raises SandboxError, with what to do, when it doesn't answer."""
        host = options.host or _DEFAULT_HOST
        if host.startswith("ssh://"):
            raise SandboxError(f"DOCKER_HOST={host}: use unix://, or tcp:// with certificates")
        try:
            client = await asyncio.to_thread(
                docker.APIClient,
                base_url=host,
                version="auto",
                timeout=_TIMEOUT,
                tls=_tls(options) or False,
                max_pool_size=threads,
            )
        except (DockerException, RequestException, OSError) as error:
            message = (
                f"no Docker Engine answers at {host}: start it, give the executor its socket, "
                f"set DOCKER_HOST, or take IGNIS_SANDBOX=namespace ({error})"
            )
            raise SandboxError(message) from error
        return cls(client, options, threads)

    async def call(self, function: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Make one call of `client` on a thread; raises SandboxError."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))
        except (DockerException, RequestException, OSError, RuntimeError) as error:
            raise SandboxError(f"the Docker Engine refused: {error}") from error

    @property
    def client(self) -> docker.APIClient:
        """The client, for `call`."""
        return self._client

    async def version(self) -> dict[str, Any]:
        """Return what the engine says of itself and its parts."""
        answer: dict[str, Any] = await self.call(self._client.version)
        return answer

    async def attach(self, container: str) -> Stream:
        """Take hold of a container's stdin, stdout and stderr, before it starts."""
        path = f"/v{self._client.api_version}/containers/{container}/attach"
        tls = _tls(self._options)
        try:
            return await Stream.open(
                self._options.host or _DEFAULT_HOST,
                f"{path}?stream=1&stdin=1&stdout=1&stderr=1",
                _ssl_context(tls) if tls else None,
            )
        except (OSError, EOFError, ValueError) as error:
            raise SandboxError(f"the Docker Engine gave no stream: {error!r}") from error

    async def create(self, wanted: dict[str, Any], labels: Mapping[str, str]) -> str:
        """Make a container and return its id."""
        create = self._client.create_container
        made = await self.call(create, labels=dict(labels), **wanted)
        return str(made["Id"])

    async def start(self, container: str) -> None:
        """Start a container."""
        await self.call(self._client.start, container)

    async def set_memory(self, container: str, size: int) -> None:
        """Change a container's memory limit, in bytes; there is no swap."""
        update = self._client.update_container
        await self.call(update, container, mem_limit=size, memswap_limit=size)

    async def ran_out_of_memory(self, container: str) -> bool:
        """Return whether the kernel killed for memory in a container that has just ended.

        The container itself may be gone by now; the engine remembers its last
        few hundred events.
        """

        def news() -> bool:
            until = int(time.time()) + _NEWS_SECONDS
            wanted = {"container": container, "event": "oom"}
            return any(True for _ in self._client.events(since=1, until=until, filters=wanted))

        return await self.call(news)

    async def kill(self, container: str) -> None:
        """End a container's processes; one that has ended is left alone."""
        await self.call(_unless_gone, self._client.kill, container)

    async def remove(self, container: str) -> None:
        """Remove a container with its processes; one that is gone is left alone."""
        await self.call(_unless_gone, self._client.remove_container, container, v=True, force=True)

    async def close(self) -> None:
        """Let go of the engine, after the calls under way."""
        await asyncio.to_thread(self._threads.shutdown)
        self._client.close()


def _unless_gone(function: Callable[..., None], container: str, **options: bool) -> None:
    try:
        function(container, **options)
    except NotFound:
        return
    except APIError as error:
        if error.status_code not in _GONE:
            raise


def _tls(options: DockerOptions) -> TLSConfig | None:
    if not options.tls_verify and not options.cert_path:
        return None
    folder = Path(options.cert_path or Path.home() / ".docker")
    return TLSConfig(
        client_cert=(str(folder / "cert.pem"), str(folder / "key.pem")),
        ca_cert=str(folder / "ca.pem"),
        verify=options.tls_verify,
    )


def _ssl_context(tls: TLSConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_cert)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert:
        context.load_cert_chain(*tls.cert)
    return context
