"""Session tokens for tests, good ones and bad ones."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_ID = "ins_1"
ISSUER = "https://clerk.example.com"


def new_key(bits: int = 2048) -> RSAPrivateKey:
    """Make a key pair."""
    return generate_private_key(public_exponent=65537, key_size=bits)


KEY = new_key()
OTHER = new_key()


def pem(key: RSAPrivateKey = KEY) -> str:
    """The public half, as Clerk's dashboard shows it."""
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


def jwk(key: RSAPrivateKey = KEY, key_id: str = KEY_ID) -> dict[str, Any]:
    """The public half, as Clerk's API gives it."""
    found = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**found, "kid": key_id, "alg": "RS256", "use": "sig"}


def claims(**changes: object) -> dict[str, Any]:
    """The claims of a good token; None takes one away."""
    now = int(time.time())
    good = {
        "sub": "user_1",
        "sid": "sess_1",
        "iss": ISSUER,
        "azp": "https://app.example.com",
        "iat": now,
        "nbf": now - 10,
        "exp": now + 7200,
        "sts": "active",
        "v": 2,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(
    key: RSAPrivateKey = KEY, headers: dict[str, Any] | None = None, **changes: object
) -> str:
    """Sign a token."""
    return jwt.encode(claims(**changes), key, "RS256", {"kid": KEY_ID, **(headers or {})})


def part(value: object) -> str:
    """One of the three parts of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(alg: str = "none") -> str:
    """A token without a signature, whatever it says."""
    return f"{part({'alg': alg, 'typ': 'JWT', 'kid': KEY_ID})}.{part(claims())}."


def confused() -> str:
    """A token signed with HS256 and the public key as the secret."""
    body = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': KEY_ID})}.{part(claims())}"
    mac = hmac.new(pem().encode(), body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def mislabelled() -> str:
    """The same, with a header that says RS256."""
    _, body, mac = confused().split(".")
    return f"{part({'alg': 'RS256', 'typ': 'JWT', 'kid': KEY_ID})}.{body}.{mac}"


def tampered() -> str:
    """A good token whose user was changed after it was signed."""
    head, _, signature = token().split(".")
    return f"{head}.{part(claims(sub='user_2'))}.{signature}"


def nested() -> str:
    """A header that is too deep to parse."""
    head = base64.urlsafe_b64encode(b"[" * 4000).rstrip(b"=").decode()
    return f"{head}.{part(claims())}.AA"


def embedded() -> str:
    """A token that brings its own key in its header."""
    return token(OTHER, {"jwk": jwk(OTHER), "jku": "https://evil.example.com/jwks"})
