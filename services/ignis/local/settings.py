"""What `make run` reads from the environment and from `.env`; the environment wins."""

import os
import re
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_address
from pathlib import Path

from dotenv import dotenv_values
from pydantic import Field, IPvAnyAddress, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ignis.server.settings import Environment

_IPV4 = 4
_NO_CLERK = (
    "APP_ENV=production needs CLERK_SECRET_KEY or CLERK_JWT_KEY, to verify sessions: "
    "set one, or leave APP_ENV out for development"
)
ENV_FILE = ".env"  # in the working directory

# What any program may need of its surroundings; nothing else of the caller's reaches a process.
_SURROUNDINGS = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_DOCUMENTED = re.compile(r"^#?\s?([A-Z][A-Z0-9_]*)=", re.MULTILINE)


class LocalSettings(BaseSettings):
    """Settings of the stack; a field's name is its variable's."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, env_file=ENV_FILE
    )

    app_env: Environment = Environment.DEVELOPMENT
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    port: int = Field(8080, ge=1, le=65535)
    listen_host: IPvAnyAddress = IPv4Address("127.0.0.1")
    ignis_data_dir: Path = Field(Path(".ignis"), validate_default=True)  # made absolute
    shutdown_grace: float = Field(10, gt=0, le=300)  # seconds

    db_host: str | None = None  # None: the stack starts its own PostgreSQL
    db_port: int = Field(5432, ge=1, le=65535)
    db_database: str = Field("ignis", min_length=1, max_length=63)
    db_username: str = Field("ignis", min_length=1, max_length=63)
    db_password: SecretStr | None = None
    db_schema: str = Field("ignis", pattern="^[a-z_][a-z0-9_]{0,62}$")
    nats_url: SecretStr | None = None  # None: the stack starts its own NATS
    redis_url: SecretStr | None = None  # None: the stack starts its own Valkey

    clerk_secret_key: SecretStr | None = None
    clerk_jwt_key: str | None = None
    clerk_issuer: str | None = None
    clerk_authorized_parties: str | None = None
    cors_origin: str = Field("", pattern=r"^[A-Za-z0-9:/.,* _-]*$")

    @property
    def reachable_host(self) -> str:
        """The address to use from this machine: `listen_host`, or loopback where that is all."""
        host = self.listen_host
        if host.is_unspecified:
            host = ip_address("127.0.0.1" if host.version == _IPV4 else "::1")
        return f"[{host}]" if host.version != _IPV4 else str(host)

    @property
    def own_issuer(self) -> bool:
        """Whether the stack signs sessions itself: in development, where Clerk isn't set up."""
        return not (self.clerk_secret_key or self.clerk_jwt_key)

    def clerk(self) -> dict[str, str]:
        """The CLERK_ variables that were given, for the auth service."""
        secret = self.clerk_secret_key.get_secret_value() if self.clerk_secret_key else None
        values = {
            "CLERK_SECRET_KEY": secret,
            "CLERK_JWT_KEY": self.clerk_jwt_key,
            "CLERK_ISSUER": self.clerk_issuer,
            "CLERK_AUTHORIZED_PARTIES": self.clerk_authorized_parties,
        }
        return {name: value for name, value in values.items() if value}

    @field_validator("ignis_data_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().resolve()

    @model_validator(mode="after")
    def _clerk_in_production(self) -> "LocalSettings":
        if self.app_env is Environment.PRODUCTION and self.own_issuer:
            raise PydanticCustomError("clerk", _NO_CLERK)
        return self


def surroundings() -> dict[str, str]:
    """The part of the caller's environment that every process gets."""
    return {name: os.environ[name] for name in _SURROUNDINGS if name in os.environ}


def given() -> dict[str, str]:
    """What the caller has set, by `.env` and by the environment."""
    from_file = {name: value for name, value in dotenv_values(ENV_FILE).items() if value}
    return {**from_file, **{name: value for name, value in os.environ.items() if value}}


def documented(example: Path) -> frozenset[str]:
    """The names of the variables that `env.example` explains."""
    return frozenset(_DOCUMENTED.findall(example.read_text(encoding="utf-8")))


def passed_on(values: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    """Of all that was set, the services' own settings: those that the stack knows nothing of."""
    own = {name.upper() for name in LocalSettings.model_fields}
    return {name: value for name, value in values.items() if name in names - own}
