"""A stand-in for Clerk in development: signs session tokens in Clerk's format."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ignis.local.files import write_private

ISSUER = "https://clerk.ignis.localhost"
_LIFETIME = 365 * 24 * 3600  # seconds: longer than any stack runs
_ID_LENGTH = 27  # characters behind the prefix of Clerk's ids


@dataclass(frozen=True, slots=True)
class Issuer:
    """A key pair and the one person that it vouches for.

    Args:
        key: the private key.
        name: the tokens' `iss`.
    """

    key: rsa.RSAPrivateKey
    name: str = ISSUER

    @classmethod
    def kept(cls, path: Path, name: str = ISSUER) -> "Issuer":
        """The issuer whose key is in this file; on the first call a new one."""
        try:
            pem = path.read_bytes()
        except FileNotFoundError:
            pem = _new_key()
            write_private(path, pem.decode("ascii"))
        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{path} holds no RSA key")
        return cls(key, name)

    @property
    def public_key(self) -> str:
        """The public key as PEM: what auth gets as CLERK_JWT_KEY."""
        public = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return public.decode("ascii")

    @property
    def user(self) -> str:
        """The user's id. It comes from the key, so it is the same as long as the key is."""
        return self._id("user")

    def token(self, authorized_party: str) -> str:
        """A session token in version 2 of Clerk's format, good for a year from now.

        Args:
            authorized_party: the origin of the page that would have asked for it.
        """
        now = int(time.time())
        claims = {
            "azp": authorized_party,
            "exp": now + _LIFETIME,
            "fva": [0, -1],  # minutes since the first factor; there is no second
            "iat": now,
            "iss": self.name,
            "jti": secrets.token_hex(10),
            "nbf": now - 10,
            "sid": self._id("sess"),
            "sts": "active",
            "sub": self.user,
            "v": 2,
        }
        return jwt.encode(claims, self.key, "RS256", {"kid": self._id("ins")})

    def _id(self, prefix: str) -> str:
        digest = hashlib.sha256(f"{prefix}:{self.public_key}".encode()).hexdigest()
        return f"{prefix}_{digest[:_ID_LENGTH]}"


def _new_key() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
