"""Settings of the executor."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from ignis.server.settings import ServiceSettings


class ExecutorSettings(ServiceSettings):
    """What the executor reads from its environment. It has no database."""

    ignis_sandbox: Literal["auto", "namespace", "docker"] = "auto"
    executor_pool: str = Field("default", pattern="^[a-z0-9][a-z0-9_-]{0,31}$")
    executor_slots: int = Field(0, ge=0, le=1024)  # jobs at once; 0 is one per core
    executor_address: str = ""  # `host:port` that other services reach it at
    executor_data_dir: Path = Path("/var/lib/ignis/executor")  # caches of toolchains
    executor_toolchain_path: str = ""  # directories searched before the system's
    languages_dir: str = ""  # more language files, by an operator
    job_max_attempts: int = Field(3, ge=1)  # executors that may die of a job
    compile_time_ms: int = Field(10_000, ge=1)  # times the language's factor
    compile_output_bytes: int = Field(65_536, ge=1, le=1_048_576)

    @property
    def slots(self) -> int:
        """Jobs that run at once."""
        return self.executor_slots or len(os.sched_getaffinity(0))
