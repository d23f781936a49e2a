"""What a container of the sandbox may do, and how much it can give."""

import json
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import docker
from docker.types import LogConfig, Ulimit

from ignis.executor.models import Program
from ignis.executor.runner import rlimits
from ignis.executor.runner.place import BOX
from ignis.executor.runner.sockets import SYSCTLS as SOCKET_SYSCTLS
from ignis.executor.sandbox.docker.image import ENTRY
from ignis.executor.sandbox.docker.options import DockerOptions
from ignis.executor.sandbox.hidden import HIDDEN
from ignis.executor.sandbox.seccomp.profile import profile
from ignis.executor.sandbox.session import steps_of

_KIB = 1024
_RUNNER_KB = 16 * 1024  # what the runner itself takes at most
_RUNNER_PROCESSES = 1
_INODES = 65536  # of each folder
_CPUS = 2  # compilers use more than one
_HOST_NAME = "ignis"
# To end the job's processes, and to give them their uid.
_RUNNER_CAPABILITIES = ["SETUID", "SETGID", "KILL"]
# The machine's description, message queues and terminals: nothing that a program needs.
_MASKED = (
    *(f"/proc/{name}" for name in HIDDEN),
    *("/proc/asound", "/proc/interrupts", "/proc/version_signature"),
    *(f"/sys/{name}" for name in ("block", "bus", "class", "dev", "devices", "firmware")),
    *(f"/sys/{name}" for name in ("hypervisor", "kernel", "module", "power")),
    *("/dev/mqueue", "/dev/pts"),
)
_READ_ONLY = ("/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs")


@dataclass(frozen=True, slots=True)
class Size:
    """What a container can give to one job."""

    memory_kb: int
    processes: int
    file_bytes: int

    def holds(self, other: "Size") -> bool:
        """Return whether a container of this size is enough, but for memory, which can change."""
        return self.processes >= other.processes and self.file_bytes >= other.file_bytes


@dataclass(frozen=True, slots=True)
class Attached:
    """The network of a container that has one, and its resolver."""

    network: str
    dns: str


def size_of(program: Program) -> Size:
    """Return the size that a program needs: the larger of its steps."""
    limits = [step.limits for step in steps_of(program)]
    return Size(
        memory_kb=max(one.memory_kb for one in limits),
        processes=max(one.processes for one in limits),
        file_bytes=max(one.file_bytes for one in limits),
    )


def memory_bytes(memory_kb: int) -> int:
    """Return a container's limit for a job's limit."""
    return (memory_kb + _RUNNER_KB) * _KIB


def container(
    client: docker.APIClient,
    options: DockerOptions,
    image: str,
    size: Size,
    uid: int,
    attached: Attached | None = None,
) -> dict[str, Any]:
    """Return the arguments of `create_container` but for its labels."""
    return {
        "image": image,
        "entrypoint": ["python3", "-I", "-S", "-X", "utf8", ENTRY],
        "command": [str(uid)],
        "user": "0:0",
        "working_dir": "/",
        "hostname": _HOST_NAME,
        "environment": {},
        "stdin_open": True,
        "healthcheck": {"test": ["NONE"]},
        "network_disabled": attached is None,
        "host_config": _host_config(client, options, size, uid, attached),
    }


def _host_config(
    client: docker.APIClient,
    options: DockerOptions,
    size: Size,
    uid: int,
    attached: Attached | None,
) -> Mapping[str, Any]:
    memory = memory_bytes(size.memory_kb)
    config: dict[str, Any] = client.create_host_config(
        network_mode=attached.network if attached else "none",
        dns=[attached.dns] if attached else None,
        ipc_mode="private",
        read_only=True,
        auto_remove=True,  # also when the executor is no more
        cap_drop=["ALL"],
        cap_add=_RUNNER_CAPABILITIES,
        security_opt=["no-new-privileges:true", f"seccomp={json.dumps(profile())}"],
        pids_limit=size.processes + _RUNNER_PROCESSES,
        mem_limit=memory,
        memswap_limit=memory,  # together: no swap
        nano_cpus=_CPUS * 10**9,
        ulimits=[_ulimit("core", *rlimits.NO_CORE_DUMPS[resource.RLIMIT_CORE])],
        sysctls=dict(SOCKET_SYSCTLS),
        tmpfs=_folders(size, uid),
        log_config=LogConfig(type="none"),
        runtime=options.runtime or None,
    )
    config["MaskedPaths"] = list(_MASKED)
    config["ReadonlyPaths"] = list(_READ_ONLY)
    return config


def _ulimit(name: str, soft: int, hard: int) -> Ulimit:
    return Ulimit(name=name, soft=soft, hard=hard)


def _folders(size: Size, uid: int) -> dict[str, str]:
    common = f"rw,exec,nosuid,nodev,size={size.file_bytes},nr_inodes={_INODES}"
    shared = f"{common},mode=1777"
    return {
        BOX: f"{common},mode=755,uid={uid},gid={uid}",
        "/tmp": shared,  # noqa: S108 - the container's own
        "/dev/shm": shared,  # noqa: S108 - the same
    }
