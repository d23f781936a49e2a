"""What every service reads from its environment; the only place that does."""

import sys
from enum import StrEnum
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(StrEnum):
    """Where a service runs; production is the strict one."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class _FromEnvironment(BaseSettings):
    """How variables are read; of several bases the last one's way would count."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)


class ServiceSettings(_FromEnvironment):
    """Settings that all services share; a field's name is its variable's."""

    app_env: Environment = Environment.PRODUCTION
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    grpc_host: str = "0.0.0.0"  # noqa: S104 - a container's own network decides who reaches it
    grpc_port: int = Field(50051, ge=0, le=65535)
    metrics_host: str = "0.0.0.0"  # noqa: S104 - as above
    metrics_port: int = Field(9090, ge=0, le=65535)
    shutdown_grace: float = Field(10, gt=0, le=300)  # seconds
    nats_url: SecretStr = SecretStr("nats://127.0.0.1:4222")


class DatabaseSettings(_FromEnvironment):
    """Where PostgreSQL is; mixed into the services that have a store."""

    db_host: str = "127.0.0.1"
    db_port: int = Field(5432, ge=1, le=65535)
    db_database: str = "ignis"
    db_username: str = "ignis"
    db_password: SecretStr = SecretStr("")
    db_schema: str = Field("ignis", pattern="^[a-z_][a-z0-9_]{0,62}$")
    db_pool_max: int = Field(8, ge=1, le=100)


class RedisSettings(_FromEnvironment):
    """Where Redis or Valkey is; mixed into the services that use it."""

    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load(settings: type[SettingsT]) -> SettingsT:
    """Read settings from the environment.

    A wrong value ends the process with status 2 and one line for each.
    """
    try:
        return settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            sys.stderr.write(f"ignis: {name or 'settings'}: {problem['msg']}\n")
        raise SystemExit(2) from None
