"""Settings of the executor."""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from ignis.executor.sandbox.docker.options import DockerOptions
from ignis.executor.sandbox.network.options import NetworkOptions
from ignis.languages.models import Language
from ignis.server.addresses import networks
from ignis.server.settings import ServiceSettings

_IMAGES = r"^([^\s,=]+=[^\s,=]+(,[^\s,=]+=[^\s,=]+)*)?$"  # go=golang,c=gcc:13
_PLACEHOLDER = "{language}"


class ExecutorSettings(ServiceSettings):
    """What the executor reads from its environment. It has no database."""

    ignis_sandbox: Literal["auto", "namespace", "docker"] = "auto"
    # Docker: what has python3 and the toolchains; {language} stands for a language's id.
    sandbox_image: str = "ignis-runtime-{language}"
    sandbox_images: str = Field("", pattern=_IMAGES)  # docker: other images of single languages
    sandbox_runtime: str = ""  # docker: runsc, kata, ...; empty is the engine's default
    ignis_allow_old_runc: bool = False  # docker: also an engine that programs can escape from
    sandbox_network: bool = False  # whether a program that asks for it gets a filtered network
    sandbox_network_dns: str = ""  # the resolver's address; empty is the machine's
    sandbox_network_deny: str = ""  # networks that no program reaches, separated by commas
    docker_host: str = ""
    docker_tls_verify: str = ""  # as Docker has it: anything but nothing means yes
    docker_cert_path: str = ""
    # What the job service gives and allows: a waiting container is made for it.
    limit_memory_kb: int = Field(262_144, ge=1024)
    limit_processes_max: int = Field(256, ge=1)
    limit_file_bytes_max: int = Field(268_435_456, ge=4096)
    executor_pool: str = Field("default", pattern="^[a-z0-9][a-z0-9_-]{0,31}$")
    executor_slots: int = Field(0, ge=0, le=1024)  # jobs at once; 0 is one per core
    executor_address: str = ""  # `host:port` that other services reach it at
    executor_data_dir: Path = Path("/var/lib/ignis/executor")  # caches of toolchains
    executor_compile_cache_mb: int = Field(512, ge=0, le=1_048_576)  # 0 keeps nothing
    executor_compile_cache_hours: int = Field(168, ge=1, le=87_600)  # no program is kept longer
    executor_compile_cache_shared: bool = False  # also between users
    executor_toolchain_path: str = ""  # directories searched before the system's
    languages_dir: str = ""  # more language files, by an operator
    job_max_attempts: int = Field(3, ge=1)  # executors that may die of a job
    compile_time_ms: int = Field(10_000, ge=1)  # times the language's factor
    compile_output_bytes: int = Field(65_536, ge=1, le=1_048_576)

    @field_validator("sandbox_network_deny")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        networks(value)
        return value

    @field_validator("sandbox_network_dns")
    @classmethod
    def _is_a_resolver(cls, value: str) -> str:
        if value and ip_address(value).is_loopback:
            raise ValueError("must not be a loopback address: programs have one of their own")
        return value

    @property
    def network(self) -> NetworkOptions:
        """What the sandbox may do with the network."""
        return NetworkOptions(
            enabled=self.sandbox_network,
            dns=ip_address(self.sandbox_network_dns) if self.sandbox_network_dns else None,
            denied=networks(self.sandbox_network_deny),
        )

    @property
    def docker(self) -> DockerOptions:
        """What the docker driver is opened with."""
        return DockerOptions(
            image="" if _PLACEHOLDER in self.sandbox_image else self.sandbox_image,
            host=self.docker_host,
            tls_verify=bool(self.docker_tls_verify),
            cert_path=self.docker_cert_path,
            runtime=self.sandbox_runtime,
            allow_old_runc=self.ignis_allow_old_runc,
            memory_kb=self.limit_memory_kb,
            processes=self.limit_processes_max,
            file_bytes=self.limit_file_bytes_max,
        )

    def image_of(self, language: Language) -> str:
        """The name of the image that a language's programs run in, where they run in docker.

        That is what this executor's operator says of the language, or its
        file does, or what holds for all of them.
        """
        others = dict(pair.split("=") for pair in self.sandbox_images.split(",") if pair)
        name = language.id.replace("+", "p").replace("#", "sharp")  # as an image may be called
        general = self.sandbox_image.replace(_PLACEHOLDER, name)
        return others.get(language.id) or language.image or general

    @property
    def slots(self) -> int:
        """Jobs that run at once."""
        return self.executor_slots or len(os.sched_getaffinity(0))
