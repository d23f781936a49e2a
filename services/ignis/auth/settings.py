"""What the auth service reads from its environment."""

from typing import Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from ignis.server.settings import (
    DatabaseSettings,
    Environment,
    RedisSettings,
    ServiceSettings,
)

RSA_BITS_MIN = 2048


class AuthSettings(DatabaseSettings, RedisSettings, ServiceSettings):
    """Settings of the auth service; see env.example for each."""

    clerk_secret_key: SecretStr = SecretStr("")
    clerk_jwt_key: str = ""  # a public key in PEM; line ends may be written `\n`
    clerk_issuer: str = ""  # the `iss` to accept; empty: any, as the key proves the issuer
    clerk_authorized_parties: str = ""  # the `azp` to accept, separated by commas; empty: any
    clerk_api_url: str = Field("https://api.clerk.com/v1", pattern="^https?://")
    rate_limit_default: int = Field(100, ge=1)  # requests per minute of a key that asks for none
    rate_limit_max: int = Field(1_000_000, ge=1, le=1_000_000)  # that a key may ask for

    @property
    def authorized_parties(self) -> frozenset[str]:
        """The `azp` to accept; empty means any."""
        parties = (party.strip() for party in self.clerk_authorized_parties.split(","))
        return frozenset(party for party in parties if party)

    @field_validator("clerk_jwt_key")
    @classmethod
    def _readable(cls, pem: str) -> str:
        pem = pem.replace("\\n", "\n").strip()
        if pem:
            public_key(pem)
        return pem

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.clerk_secret_key.get_secret_value() and not self.clerk_jwt_key:
            raise PydanticCustomError("clerk", "{advice}", {"advice": _advice(self.app_env)})
        if self.rate_limit_default > self.rate_limit_max:
            raise PydanticCustomError("limits", "RATE_LIMIT_DEFAULT is above RATE_LIMIT_MAX")
        return self


def public_key(pem: str) -> RSAPublicKey:
    """Read the key that signed sessions are verified with.

    Raises:
        PydanticCustomError: it is no RSA public key of 2048 bits or more in PEM.
    """
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS_MIN:
        raise PydanticCustomError(
            "pem",
            "is not an RSA public key in PEM: copy the JWKS public key of Clerk's dashboard"
            " (-----BEGIN PUBLIC KEY-----…), line ends as they are or as \\n",
        )
    return key


def _advice(environment: Environment) -> str:
    if environment is Environment.DEVELOPMENT:
        return (
            "set CLERK_SECRET_KEY or CLERK_JWT_KEY, or use `make run`,"
            " which makes an issuer of its own"
        )
    return "set CLERK_SECRET_KEY or CLERK_JWT_KEY: without one nobody's session can be verified"
