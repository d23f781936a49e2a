"""What belongs to the request that is being served, wherever the code is."""

from contextvars import ContextVar
from uuid import uuid4

from ignis.server.identity import Identity

REQUEST_ID_HEADER = "x-request-id"

request_id: ContextVar[str] = ContextVar("request_id", default="")
_identity: ContextVar[Identity | None] = ContextVar("identity", default=None)


def new_request_id() -> str:
    """Make an id for work that no request started."""
    return str(uuid4())


def set_identity(identity: Identity | None) -> None:
    """Remember who is calling."""
    _identity.set(identity)


def current_identity_or_none() -> Identity | None:
    """Who is calling, or None where anybody may."""
    return _identity.get()


def current_identity() -> Identity:
    """Who is calling; the interceptor has verified it.

    Raises:
        LookupError: the RPC is open to anybody, so there is nobody to name.
    """
    identity = _identity.get()
    if identity is None:
        raise LookupError("this RPC has no caller")
    return identity
