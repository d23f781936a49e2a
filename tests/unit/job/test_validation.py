"""Every rule of a request, at its borders."""

import base64
from dataclasses import fields, replace
from typing import Any

import pytest
from tests.unit.job.factories import DEFAULTS, MAXIMUM, request

from ignis.errors import InvalidArgument
from ignis.job import validation as v
from ignis.job.models import Limits, ProgramFile
from ignis.job.validation import RequestFile


def wrong(**changes: Any) -> list[str]:  # noqa: ANN401 - fields of many types
    """The fields that are wrong with a request."""
    try:
        v.check(request(**changes), MAXIMUM)
    except InvalidArgument as error:
        return [violation.field for violation in error.violations]
    return []


def file(name: str = "main.py", content: str = "1", encoding: str = "") -> RequestFile:
    """A file of a request."""
    return RequestFile(name, content, encoding)


def files(*names: str) -> dict[str, Any]:
    """A request's fields when it has files of these names."""
    return {"code": "", "files": [file(name) for name in names]}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"code": "x" * v.MAX_CODE},
        {"stdin": "x" * v.MAX_STDIN},
        {"args": ["x" * v.MAX_STRING]},
        {"args": [""] * v.MAX_ARGS},
        {"compile_args": [""] * v.MAX_COMPILE_ARGS},
        {"env": {f"K{n}": "" for n in range(v.MAX_ENV)}},
        {"env": {"K" * v.MAX_STRING: "x" * v.MAX_STRING}},
        {"limits": {f.name: getattr(MAXIMUM, f.name) for f in fields(Limits)}},
        {"limits": {f.name: v.MIN_LIMITS.get(f.name, 1) for f in fields(Limits)}},
        {"wait": 60},
        {"priority": 0},
        {"priority": 9},
        {"idempotency_key": "k" * v.MAX_IDEMPOTENCY_KEY},
        {"labels": {f"k{n}": "" for n in range(v.MAX_LABELS)}},
        {"labels": {"k" * v.MAX_LABEL_KEY: "ü" * v.MAX_LABEL_VALUE}},
        files(*(f"{n}.py" for n in range(v.MAX_FILES))),
        files("a" * v.MAX_NAME),
        files("a/b.py", "a/c.py", "a.b", ".hidden", "...", "-x"),
    ],
)
def test_what_is_allowed_passes(changes: dict[str, Any]) -> None:
    """A request at each of its limits is a program."""
    assert wrong(**changes) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"language": ""}, "language"),
        ({"code": "x" * (v.MAX_CODE + 1)}, "code"),
        ({"code": "ü" * (v.MAX_CODE // 2) + "x"}, "code"),
        ({"stdin": "x" * (v.MAX_STDIN + 1)}, "stdin"),
        ({"args": ["x" * (v.MAX_STRING + 1)]}, "args[0]"),
        ({"args": ["", "a\0"]}, "args[1]"),
        ({"args": [""] * (v.MAX_ARGS + 1)}, "args"),
        ({"args": ["x" * 32_000] * 33}, "args"),
        ({"compile_args": ["a\0"]}, "compile_args[0]"),
        ({"compile_args": [""] * (v.MAX_COMPILE_ARGS + 1)}, "compile_args"),
        ({"env": {f"K{n}": "" for n in range(v.MAX_ENV + 1)}}, "env"),
        ({"env": {"": "x"}}, "env"),
        ({"env": {"A=B": "x"}}, "env"),
        ({"env": {"A\0": "x"}}, "env"),
        ({"env": {"A": "x\0"}}, 'env["A"]'),
        ({"env": {"A": "x" * (v.MAX_STRING + 1)}}, 'env["A"]'),
        ({"env": {f"K{n}": "x" * 32_000 for n in range(33)}}, "args"),
        ({"wait": -0.1}, "wait"),
        ({"wait": 60.1}, "wait"),
        ({"wait": float("nan")}, "wait"),
        ({"wait": float("inf")}, "wait"),
        ({"priority": -1}, "priority"),
        ({"priority": 10}, "priority"),
        ({"idempotency_key": "k" * (v.MAX_IDEMPOTENCY_KEY + 1)}, "idempotency_key"),
        ({"idempotency_key": "\0"}, "idempotency_key"),
        ({"labels": {f"k{n}": "" for n in range(v.MAX_LABELS + 1)}}, "labels"),
        ({"labels": {"": ""}}, "labels"),
        ({"labels": {"k" * (v.MAX_LABEL_KEY + 1): ""}}, "labels"),
        ({"labels": {"k": "v" * (v.MAX_LABEL_VALUE + 1)}}, "labels"),
        ({"labels": {"k": "\0"}}, "labels"),
        ({"files": [file()]}, "files"),
        (files(*(f"{n}.py" for n in range(v.MAX_FILES + 1))), "files"),
        (files("a", "a"), "files[1].name"),
        (files("a", "b/c", "a/b/c"), "files[2].name"),
        (files("a/b", "a"), "files[0].name"),
        ({"code": "", "files": [file(content="x" * (v.MAX_CODE + 1))]}, "files"),
        ({"code": "", "files": [file(encoding="utf-16")]}, "files[0].encoding"),
        ({"code": "", "files": [file(content="é", encoding="base64")]}, "files[0].content"),
        ({"code": "", "files": [file(content="YQ", encoding="base64")]}, "files[0].content"),
        ({"code": "", "files": [file(content="YQ==\n", encoding="base64")]}, "files[0].content"),
    ],
)
def test_what_is_not_allowed_is_named(changes: dict[str, Any], field: str) -> None:
    """A request beyond one limit is refused by the field that it belongs to."""
    assert wrong(**changes) == [field]


@pytest.mark.parametrize("name", [f.name for f in fields(Limits)])
def test_each_limit_is_its_least_to_its_maximum(name: str) -> None:
    """A limit of nothing, below any use, or above what is allowed, is refused and not cut."""
    for value in (0, -1, v.MIN_LIMITS.get(name, 1) - 1, getattr(MAXIMUM, name) + 1):
        assert wrong(limits={name: value}) == [f"limits.{name}"]


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", ".", "..", "a\\b", "a\nb", "a\0b",
     "a\x7f", "ü" * 128],
)  # fmt: skip
def test_a_name_is_a_plain_relative_path(name: str) -> None:
    """A name that could leave the work folder, or can't be written, is refused."""
    assert wrong(**files(name)) == ["files[0].name"]


def test_no_code_has_a_reason_of_its_own_and_tells_the_rest_too() -> None:
    """Empty code is named, beside everything else that is wrong."""
    with pytest.raises(InvalidArgument) as caught:
        v.check(request(code="", language="", wait=99), MAXIMUM)

    assert caught.value.reason == "CODE_EMPTY"
    told = [violation.field for violation in caught.value.violations]
    assert told == ["code", "language", "wait"]


def test_everything_wrong_is_told_at_once() -> None:
    """One answer has all violations, and its message names each field."""
    with pytest.raises(InvalidArgument) as caught:
        v.check(request(language="", priority=99, env={"": ""}, args=["\0"]), MAXIMUM)

    error = caught.value
    assert error.reason == "VALIDATION_FAILED"
    assert [x.field for x in error.violations] == ["language", "args[0]", "env", "priority"]
    assert all(f"{x.field}: {x.description}" in error.message for x in error.violations)


@pytest.mark.parametrize(
    "code",
    ["\ufeffprint(1)", "print(1)\r\nprint(2)\r", "no newline", "nul \0 inside", "\n\n  \t", "ü€😀"],
)
def test_code_is_kept_byte_for_byte(code: str) -> None:
    """Nothing is trimmed, added or translated."""
    asked = request(code=code)
    v.check(asked, MAXIMUM)

    assert (ProgramFile("", code.encode()),) == v.program_files(asked)


def test_files_are_kept_byte_for_byte() -> None:
    """Files keep their order, names and bytes, base64 decoded."""
    raw = bytes(range(256))
    asked = request(
        code="",
        files=[
            file("main.py", "a\r\n\0"),
            file("data/x.bin", base64.b64encode(raw).decode(), "base64"),
            file("empty", "", "utf-8"),
        ],
    )
    v.check(asked, MAXIMUM)

    assert v.program_files(asked) == (
        ProgramFile("main.py", b"a\r\n\0"),
        ProgramFile("data/x.bin", raw),
        ProgramFile("empty", b""),
    )


def test_limits_that_are_not_named_have_their_defaults() -> None:
    """Named limits count, the others are the defaults."""
    named = {"memory_kb": 1024, "wall_time_ms": 5}

    assert v.resolve_limits({}, DEFAULTS) == DEFAULTS
    assert v.resolve_limits(named, DEFAULTS) == replace(DEFAULTS, memory_kb=1024, wall_time_ms=5)
