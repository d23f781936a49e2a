"""What a request must be to become a program; all that is wrong is told at once."""

import base64
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import PurePosixPath

from ignis.errors import InvalidArgument, Violation, invalid
from ignis.job.models import Limits, ProgramFile

MAX_CODE = 1_048_576  # bytes of all files together
MAX_FILES = 100
MAX_NAME = 255  # bytes
MAX_STDIN = 1_048_576  # bytes
MAX_ARGS = 256
MAX_COMPILE_ARGS = 64
MAX_ENV = 256
MAX_STRING = 32_768  # bytes of one argument or variable
MAX_STRINGS = (
    1_048_576  # bytes of all of them: what Linux starts a program with, and a message takes
)
MAX_LABELS = 32
MAX_LABEL_KEY = 63  # characters
MAX_LABEL_VALUE = 255  # characters
MAX_IDEMPOTENCY_KEY = 255  # characters
MAX_WAIT = 60.0  # seconds
MAX_PRIORITY = 9
MIN_LIMITS = {"memory_kb": 1024}  # that any program needs; of the others, 1


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A file as a client sent it."""

    name: str
    content: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Request:
    """A program as a client sent it."""

    language: str
    code: str
    files: Sequence[RequestFile]
    stdin: str
    args: Sequence[str]
    env: Mapping[str, str]
    compile_args: Sequence[str]
    limits: Mapping[str, int]  # those that the client named
    wait: float
    priority: int
    idempotency_key: str
    labels: Mapping[str, str]


def check(request: Request, maximum: Limits) -> None:
    """Refuse a request that can't become a program.

    Raises:
        InvalidArgument: with a violation for each thing that is wrong.
    """
    violations = list(_violations(request, maximum))
    if not request.code and not request.files:
        raise InvalidArgument(
            "CODE_EMPTY",
            "There is no code: send `code`, or `files`.",
            violations=[Violation("code", "must not be empty"), *violations],
        )
    if violations:
        raise invalid(violations)


def program_files(request: Request) -> tuple[ProgramFile, ...]:
    """The files of a request that `check` accepted."""
    if request.code:
        return (ProgramFile("", request.code.encode()),)
    return tuple(ProgramFile(file.name, _content(file)) for file in request.files)


def resolve_limits(named: Mapping[str, int], default: Limits) -> Limits:
    """The limits of a request that `check` accepted, gaps filled."""
    return Limits(**{f.name: named.get(f.name, getattr(default, f.name)) for f in fields(Limits)})


def _violations(request: Request, maximum: Limits) -> Iterator[Violation]:
    if not request.language:
        yield Violation("language", "must not be empty")
    yield from _files(request)
    if len(request.stdin.encode()) > MAX_STDIN:
        yield Violation("stdin", f"must have at most {MAX_STDIN} bytes")
    yield from _strings("args", request.args, MAX_ARGS)
    yield from _strings("compile_args", request.compile_args, MAX_COMPILE_ARGS)
    yield from _env(request.env)
    if _strings_size(request) > MAX_STRINGS:
        yield Violation(
            "args", f"must have at most {MAX_STRINGS} bytes, together with compile_args and env"
        )
    yield from _limits(request.limits, maximum)
    yield from _rest(request)


def _files(request: Request) -> Iterator[Violation]:
    if request.code and request.files:
        yield Violation("files", "must be empty when there is `code`")
    if len(request.files) > MAX_FILES:
        yield Violation("files", f"must be at most {MAX_FILES}")
    seen: set[str] = set()
    size = len(request.code.encode())
    for index, file in enumerate(request.files):
        where = f"files[{index}]"
        if reason := _bad_name(file.name):
            yield Violation(f"{where}.name", reason)
        if file.name in seen:
            yield Violation(f"{where}.name", "must be unique")
        seen.add(file.name)
        try:
            size += len(_content(file))
        except _ContentError as error:
            yield Violation(f"{where}.{error.field}", str(error))
    yield from _folders(request.files)
    if size > MAX_CODE:
        yield Violation("files" if request.files else "code", f"must have at most {MAX_CODE} bytes")


def _folders(files: Sequence[RequestFile]) -> Iterator[Violation]:
    """What is a file can't hold others."""
    names = {file.name for file in files}
    for index, file in enumerate(files):
        above = (str(folder) for folder in PurePosixPath(file.name).parents)
        if names.intersection(above):
            yield Violation(f"files[{index}].name", "must not be below another file's name")


class _ContentError(Exception):
    """A file can't be decoded; `field` is the part of it that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _content(file: RequestFile) -> bytes:
    if file.encoding in ("", "utf-8"):
        return file.content.encode()
    if file.encoding != "base64":
        raise _ContentError("encoding", "must be utf-8 or base64")
    try:
        return base64.b64decode(file.content, validate=True)
    except ValueError:
        raise _ContentError("content", "must be base64, as `encoding` says") from None


def _bad_name(name: str) -> str | None:
    parts = name.split("/")
    if not name or len(name.encode()) > MAX_NAME:
        return f"must have 1 to {MAX_NAME} bytes"
    if "" in parts or "." in parts or ".." in parts:
        return "must be a relative path without empty parts, `.` or `..`"
    if any(ord(character) < ord(" ") or character in "\\\x7f" for character in name):
        return "must have no control characters and no backslash"
    return None


def _strings(field: str, values: Sequence[str], most: int) -> Iterator[Violation]:
    if len(values) > most:
        yield Violation(field, f"must be at most {most}")
    for index, value in enumerate(values):
        if reason := _bad_string(value):
            yield Violation(f"{field}[{index}]", reason)


def _bad_string(value: str) -> str | None:
    if "\0" in value:
        return "must not contain NUL"
    if len(value.encode()) > MAX_STRING:
        return f"must have at most {MAX_STRING} bytes"
    return None


def _env(env: Mapping[str, str]) -> Iterator[Violation]:
    if len(env) > MAX_ENV:
        yield Violation("env", f"must be at most {MAX_ENV}")
    for name, value in env.items():
        if not name or "=" in name or "\0" in name:
            yield Violation("env", "must have names without `=` and NUL, and not empty")
        elif reason := _bad_string(name) or _bad_string(value):
            yield Violation(f'env["{name[:64]}"]', reason)


def _strings_size(request: Request) -> int:
    """Bytes of all arguments and variables, each with its end, as the kernel counts them."""
    pairs = (word for pair in request.env.items() for word in pair)
    return sum(len(word.encode()) + 1 for word in (*request.args, *request.compile_args, *pairs))


def _limits(named: Mapping[str, int], maximum: Limits) -> Iterator[Violation]:
    for name, value in named.items():
        least, most = MIN_LIMITS.get(name, 1), getattr(maximum, name)
        if not least <= value <= most:
            yield Violation(f"limits.{name}", f"must be {least} to {most}")


def _rest(request: Request) -> Iterator[Violation]:
    if not (math.isfinite(request.wait) and 0 <= request.wait <= MAX_WAIT):
        yield Violation("wait", f"must be 0 to {MAX_WAIT:.0f} seconds")
    if not 0 <= request.priority <= MAX_PRIORITY:
        yield Violation("priority", f"must be 0 to {MAX_PRIORITY}")
    if len(request.idempotency_key) > MAX_IDEMPOTENCY_KEY or "\0" in request.idempotency_key:
        yield Violation(
            "idempotency_key", f"must have at most {MAX_IDEMPOTENCY_KEY} characters, and no NUL"
        )
    if len(request.labels) > MAX_LABELS:
        yield Violation("labels", f"must be at most {MAX_LABELS}")
    for key, value in request.labels.items():
        fits = 0 < len(key) <= MAX_LABEL_KEY and len(value) <= MAX_LABEL_VALUE
        if not fits or "\0" in key + value:
            yield Violation(
                "labels",
                f"must have keys of 1 to {MAX_LABEL_KEY} characters"
                f" and values of at most {MAX_LABEL_VALUE}, without NUL",
            )
