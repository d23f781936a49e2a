"""Domain errors: each knows its status, its reason and what the user can do.

The codes are the canonical ones of gRPC (https://grpc.io/docs/guides/status-codes/).
One interceptor (`ignis.server.interceptors`) turns them into answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Code(StrEnum):
    """The canonical codes that Ignis answers with."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with one field of a request."""

    field: str  # the field's path, such as `files[1].name`
    description: str  # what is wrong, and what would be right


class IgnisError(Exception):
    """What a domain function raises when it can't do what it was asked to.

    Args:
        reason: a constant in UPPER_SNAKE_CASE that programs can test for.
        message: a sentence that says what to do about it.
        violations: what is wrong, field by field.
        metadata: more for programs, such as the id that wasn't found.
        retry_after: seconds after which trying again makes sense.
    """

    code: ClassVar[Code] = Code.INTERNAL

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        violations: Sequence[Violation] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.violations = tuple(violations)
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after


class InvalidArgument(IgnisError):  # noqa: N818 - named as the canonical code it stands for
    """The request is wrong, whatever the state of the system."""

    code = Code.INVALID_ARGUMENT


class NotFound(IgnisError):  # noqa: N818 - named as the canonical code it stands for
    """There is no such thing, or it is someone else's."""

    code = Code.NOT_FOUND


class AlreadyExists(IgnisError):  # noqa: N818 - named as the canonical code it stands for
    """The request contradicts something that exists."""

    code = Code.ALREADY_EXISTS


class Unauthenticated(IgnisError):  # noqa: N818 - named as the canonical code it stands for
    """There is no credential, or it is not a good one."""

    code = Code.UNAUTHENTICATED


class PermissionDenied(IgnisError):  # noqa: N818 - named as the canonical code it stands for
    """The credential is good, but not for this."""

    code = Code.PERMISSION_DENIED


class ResourceExhausted(IgnisError):  # noqa: N818 - named as the canonical code it stands for
    """A limit was reached."""

    code = Code.RESOURCE_EXHAUSTED


class Unavailable(IgnisError):  # noqa: N818 - named as the canonical code it stands for
    """Something that is needed is away for now."""

    code = Code.UNAVAILABLE


class Internal(IgnisError):  # noqa: N818 - named as the canonical code it stands for
    """Ignis itself is wrong."""

    code = Code.INTERNAL


def invalid(violations: Sequence[Violation], reason: str = "VALIDATION_FAILED") -> InvalidArgument:
    """Make one error of all that is wrong with a request."""
    told = "; ".join(f"{v.field}: {v.description}" for v in violations)
    return InvalidArgument(reason, told, violations=violations)
