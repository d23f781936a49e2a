"""Sessions that the stack's own issuer could have signed."""

from pathlib import Path
from typing import Any

import jwt

from ignis.local.issuer import Issuer


def token_of(data: Path, token: str, user: str, **claims: object) -> str:
    """A session like another one, of another user or with other claims.

    Args:
        data: the stack's data folder; the issuer's key is in it.
        token: the session to take everything else from.
        user: whose session it is.
        claims: what is different; None leaves a claim out.
    """
    copied: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    changed = {**copied, "sub": user, **claims}
    issuer = Issuer.kept(data / "secrets/issuer.pem")
    return jwt.encode(
        {name: value for name, value in changed.items() if value is not None},
        issuer.key,
        "RS256",
        {"kid": jwt.get_unverified_header(token)["kid"]},
    )
