"""Settings of the job service."""

from dataclasses import fields
from typing import Self

from pydantic import Field, model_validator

from ignis.job.models import Limits
from ignis.server.settings import DatabaseSettings, RedisSettings, ServiceSettings

MAX_INT32 = 2_147_483_647  # limits travel as 32-bit integers


class JobSettings(ServiceSettings, DatabaseSettings, RedisSettings):
    """What the job service reads from its environment."""

    # What a job gets when it names no limit, and the most that it may ask for.
    limit_wall_time_ms: int = Field(10_000, ge=1)
    limit_wall_time_ms_max: int = Field(60_000, ge=1, le=MAX_INT32)
    limit_cpu_time_ms: int = Field(10_000, ge=1)
    limit_cpu_time_ms_max: int = Field(60_000, ge=1, le=MAX_INT32)
    limit_memory_kb: int = Field(262_144, ge=1024)
    limit_memory_kb_max: int = Field(1_048_576, ge=1024, le=MAX_INT32)
    limit_processes: int = Field(64, ge=1)
    limit_processes_max: int = Field(256, ge=1, le=MAX_INT32)
    limit_output_bytes: int = Field(1_048_576, ge=1, le=1_048_576)  # a result fits a message
    limit_output_bytes_max: int = Field(1_048_576, ge=1, le=1_048_576)
    limit_file_bytes: int = Field(67_108_864, ge=4096)
    limit_file_bytes_max: int = Field(268_435_456, ge=4096, le=MAX_INT32)
    limit_open_files: int = Field(1024, ge=16)
    limit_open_files_max: int = Field(4096, ge=16, le=MAX_INT32)

    languages_dir: str = ""  # more language files, by an operator
    queue_timeout: float = Field(3600, gt=0)  # seconds a job may wait for an executor
    window_per_slot: int = Field(4, ge=1)  # jobs of a pool that are published, per slot
    user_window_per_slot: int = Field(2, ge=1)  # the same, of one user
    relay_after: float = Field(10, gt=0)  # seconds until a published job is looked after
    job_retention_days: int = Field(30, ge=1)

    @model_validator(mode="after")
    def _defaults_are_allowed(self) -> Self:
        default, most = self.default_limits, self.maximum_limits
        for field in fields(Limits):
            if getattr(default, field.name) > getattr(most, field.name):
                name = f"LIMIT_{field.name.upper()}"
                raise ValueError(f"{name} must not be above {name}_MAX")
        return self

    @property
    def default_limits(self) -> Limits:
        """What a job gets when it names no limit."""
        return Limits(
            wall_time_ms=self.limit_wall_time_ms,
            cpu_time_ms=self.limit_cpu_time_ms,
            memory_kb=self.limit_memory_kb,
            processes=self.limit_processes,
            output_bytes=self.limit_output_bytes,
            file_bytes=self.limit_file_bytes,
            open_files=self.limit_open_files,
        )

    @property
    def maximum_limits(self) -> Limits:
        """The most that a job may ask for."""
        return Limits(
            wall_time_ms=self.limit_wall_time_ms_max,
            cpu_time_ms=self.limit_cpu_time_ms_max,
            memory_kb=self.limit_memory_kb_max,
            processes=self.limit_processes_max,
            output_bytes=self.limit_output_bytes_max,
            file_bytes=self.limit_file_bytes_max,
            open_files=self.limit_open_files_max,
        )
