"""What belongs to a request."""

import pytest

from ignis.server.context import (
    current_identity,
    current_identity_or_none,
    new_request_id,
    set_identity,
)
from ignis.server.identity import CredentialKind, Identity

WHO = Identity("user_1", CredentialKind.SESSION, frozenset(), "n1")


def test_a_caller_is_who_the_interceptor_said() -> None:
    """What was verified is what the code sees, until it is taken back."""
    set_identity(WHO)
    assert WHO == current_identity() == current_identity_or_none()
    set_identity(None)
    assert current_identity_or_none() is None


def test_nobody_is_an_error_where_somebody_is_needed() -> None:
    """Code that needs a caller never works for nobody by accident."""
    set_identity(None)
    with pytest.raises(LookupError):
        current_identity()


def test_request_ids_differ() -> None:
    """Work that no request started gets an id of its own."""
    assert new_request_id() != new_request_id()
