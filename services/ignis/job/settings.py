"""Settings of the job service."""

from pydantic import Field

from ignis.job.models import Limits
from ignis.server.settings import DatabaseSettings, RedisSettings, ServiceSettings


class JobSettings(ServiceSettings, DatabaseSettings, RedisSettings):
    """What the job service reads from its environment."""

    # What a job gets when it names no limit, and the most that it may ask for.
    limit_wall_time_ms: int = Field(10_000, ge=1)
    limit_wall_time_ms_max: int = Field(60_000, ge=1)
    limit_cpu_time_ms: int = Field(10_000, ge=1)
    limit_cpu_time_ms_max: int = Field(60_000, ge=1)
    limit_memory_kb: int = Field(262_144, ge=1024)
    limit_memory_kb_max: int = Field(1_048_576, ge=1024)
    limit_processes: int = Field(64, ge=1)
    limit_processes_max: int = Field(256, ge=1)
    limit_output_bytes: int = Field(1_048_576, ge=1, le=1_048_576)  # a result fits a message
    limit_output_bytes_max: int = Field(1_048_576, ge=1, le=1_048_576)
    limit_file_bytes: int = Field(67_108_864, ge=4096)
    limit_file_bytes_max: int = Field(268_435_456, ge=4096)

    languages_dir: str = ""  # more language files, by an operator
    queue_timeout: float = Field(3600, gt=0)  # seconds a job may wait for an executor
    window_per_slot: int = Field(4, ge=1)  # jobs of a pool that are published, per slot
    user_window_per_slot: int = Field(2, ge=1)  # the same, of one user
    relay_after: float = Field(10, gt=0)  # seconds until a published job is looked after
    job_retention_days: int = Field(30, ge=1)

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
        )
