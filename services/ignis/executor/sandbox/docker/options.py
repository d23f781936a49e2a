"""What an operator decides about the docker driver."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DockerOptions:
    """The engine, the image, and what every container can give."""

    # Each has python3 (3.11 or newer), sh, and toolchains. The first that the engine has is for
    # programs that name none.
    image: str = ""
    images: tuple[str, ...] = ()
    host: str = ""  # as in DOCKER_HOST; empty is the local socket
    tls_verify: bool = False
    cert_path: str = ""  # a folder with ca.pem, cert.pem and key.pem
    runtime: str = ""  # runsc, kata, ...; empty is the engine's default
    allow_old_runc: bool = False
    memory_kb: int = 262_144  # of a container that waits; another limit costs a call
    processes: int = 256  # the most that a job may ask for
    file_bytes: int = 268_435_456  # the same

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all images, each once."""
        return tuple(dict.fromkeys(filter(None, (self.image, *self.images))))
