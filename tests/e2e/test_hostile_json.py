"""JSON that is malformed, or that is well-formed and means mischief."""

import json

import httpx
import pytest
from tests.e2e.jobs import EXECUTE, finished, run
from tests.e2e.shape import data_of, refused

JSON_TYPE = {"content-type": "application/json"}
DEEP = 100_000


def post(api: httpx.Client, content: bytes) -> httpx.Response:
    """Post a body as it is."""
    return api.post(EXECUTE, content=content, headers=JSON_TYPE)


def with_field(field: str) -> bytes:
    """The body of a program that would run, with one field more, as JSON text."""
    return b'{"language": "python", "code": "print(1)", %s}' % field.encode()


@pytest.mark.parametrize(
    "content",
    [
        b" ",
        b"null",
        b"true",
        b"5",
        b'"text"',
        b"[]",
        b"{",
        b'{"language": "python", "code": "print(1)"',
        b'{"language": "python", "code": "print(1)"}x',
        b'{"language": "python", "code": "print(1)"}{}',
        b'{"language": "python", "code": "\xff\xfe"}',
        b'{"language": "python", "code": "\\ud800"}',
        b'\xef\xbb\xbf{"language": "python", "code": "print(1)"}',
        '{"language": "python", "code": "print(1)"}'.encode("utf-16"),
        with_field('"wait": NaN'),
        with_field('"wait": 1e400'),
        with_field('"x": ' + "[" * DEEP + "]" * DEEP),
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        with_field('"env": {"A": "1", "A": "2"}'),
    ],
    ids=lambda content: repr(content[:40]),
)
def test_what_is_no_json_object_is_refused(api: httpx.Client, content: bytes) -> None:
    """However it is broken or nested, the answer says that it is the body."""
    refused(post(api, content), 400, "MALFORMED_JSON")


@pytest.mark.parametrize(
    "field",
    [
        '"language": 1',
        '"code": ["print(1)"]',
        '"code": {"a": 1}',
        '"stdin": false',
        '"args": [1]',
        '"args": {"a": "b"}',
        '"env": ["A=1"]',
        '"env": {"A": 1}',
        '"files": "main.py"',
        '"files": [["main.py"]]',
        '"labels": "x"',
        '"limits": 5',
        '"limits": {"wall_time_ms": 1.5}',
        '"limits": {"wall_time_ms": "soon"}',
        '"limits": {"wall_time_ms": 4294967297}',
        '"limits": {"wall_time_ms": "NaN"}',
        '"limits": {"cpu_time_ms": "Infinity"}',
        '"limits": {"memory_kb": "-Infinity"}',
        '"limits": {"processes": NaN}',
        '"limits": {"output_bytes": 1e400}',
        '"limits": {"open_files": -0.5}',
        '"limits": {"wall_time_ms": 999999999999999999999999999}',
        '"wait": "long"',
        '"wait": []',
        '"priority": 5.5',
    ],
)
def test_a_field_of_the_wrong_type_is_refused(api: httpx.Client, field: str) -> None:
    """It is neither guessed nor wrapped around."""
    refused(post(api, with_field(field)), 400)


@pytest.mark.parametrize(
    "fields",
    [
        {"limits": {"wall_time_ms": 0}},
        {"limits": {"wall_time_ms": -1}},
        {"limits": {"wall_time_ms": 60_001}},
        {"limits": {"cpu_time_ms": 2**31 - 1}},
        {"limits": {"memory_kb": -(2**31)}},
        {"limits": {"memory_kb": 1023}},
        {"limits": {"memory_kb": 1_048_577}},
        {"limits": {"processes": 257}},
        {"limits": {"output_bytes": 1_048_577}},
        {"limits": {"file_bytes": 268_435_457}},
        {"limits": {"open_files": 0}},
        {"limits": {"open_files": 4097}},
        {"wait": -0.1},
        {"wait": 60.1},
        {"wait": "NaN"},
        {"wait": "-Infinity"},
        {"priority": 10},
        {"priority": -1},
        {"idempotency_key": "x" * 256},
        {"idempotency_key": "nul \0"},
        {"stdin": "x" * (1024 * 1024 + 1)},
        {"args": ["x"] * 257},
        {"args": ["nul \0"]},
        {"args": ["x" * 32_769]},
        {"args": ["x" * 32_768] * 100},
        {"env": {"": "x"}},
        {"env": {"A=B": "x"}},
        {"env": {"A\0": "x"}},
        {"env": {"A": "nul \0"}},
        {"env": {f"V{n}": "" for n in range(257)}},
        {"compile_args": ["x"] * 65},
        {"labels": {"": "x"}},
        {"labels": {"x" * 64: "x"}},
        {"labels": {"x": "x" * 256}},
        {"labels": {"x": "\0"}},
        {"labels": {str(n): "" for n in range(33)}},
        {"files": [{"name": "main.py", "content": "print(1)"}]},  # and `code`
    ],
    ids=lambda fields: str(fields)[:50],
)
def test_a_value_out_of_range_is_refused(api: httpx.Client, fields: dict[str, object]) -> None:
    """Nothing is silently cut; the answer names the field."""
    body = {"language": "python", "code": "print(1)", **fields}
    error = refused(api.post(EXECUTE, json=body), 400, "VALIDATION_FAILED")
    violated = error["details"][1]["field_violations"][0]["field"]
    assert violated.startswith(next(iter(fields)))


@pytest.mark.parametrize(
    "files",
    [
        [{}],
        [{"name": "", "content": "x"}],
        [{"name": "../main.py", "content": "x"}],
        [{"name": "a/../../main.py", "content": "x"}],
        [{"name": "/etc/passwd", "content": "x"}],
        [{"name": "a//b", "content": "x"}],
        [{"name": "./main.py", "content": "x"}],
        [{"name": "main.py/", "content": "x"}],
        [{"name": "a\\b", "content": "x"}],
        [{"name": "a\nb", "content": "x"}],
        [{"name": "a\0b", "content": "x"}],
        [{"name": "x" * 256, "content": "x"}],
        [{"name": "a", "content": "x"}, {"name": "a", "content": "y"}],
        [{"name": "a", "content": "x"}, {"name": "a/b", "content": "y"}],
        [{"name": "a", "content": "no base64!", "encoding": "base64"}],
        [{"name": "a", "content": "\u00e4", "encoding": "base64"}],
        [{"name": "a", "content": "x", "encoding": "utf-16"}],
        [{"name": f"f{n}", "content": "x"} for n in range(101)],
        [{"name": "a", "content": "x" * 600_000}, {"name": "b", "content": "x" * 600_000}],
    ],
    ids=lambda files: str(files)[:50],
)
def test_a_wrong_file_is_refused(api: httpx.Client, files: list[dict[str, str]]) -> None:
    """Its name must stay in the work folder, and its content be what it says."""
    body = {"language": "python", "files": files}
    refused(api.post(EXECUTE, json=body), 400, "VALIDATION_FAILED")


def test_the_last_of_a_repeated_field_counts(api: httpx.Client) -> None:
    """A repeated field is no way to show one reader this and another that."""
    content = b'{"language": "go", "language": "python", "code": "x", "code": "print(2)"}'
    job = data_of(post(api, content), 201)
    assert job["language"] == "python"
    assert finished(api, job["job_id"])["stdout"] == "2\n"


def test_null_is_as_good_as_absent(api: httpx.Client) -> None:
    """Every field that may be left out may also be null."""
    fields = ("files", "stdin", "args", "env", "compile_args", "limits", "wait", "labels")
    content = with_field(", ".join(f'"{field}": null' for field in fields))
    job = data_of(post(api, content), 201)
    assert finished(api, job["job_id"])["stdout"] == "1\n"


def test_unknown_fields_are_ignored(api: httpx.Client) -> None:
    """As the contract says, so that an older Ignis takes a newer client's request."""
    assert run(api, "print(3)", colour={"deep": [1, None]})["stdout"] == "3\n"


def test_what_breaks_an_error_message_does_not_break_its_shape(api: httpx.Client) -> None:
    """Quotes, braces and control characters of a client come back inside of a string."""
    nasty = '","reason":"FORGED"}}\n\\\x01\u2028'
    for field in (nasty, {nasty: "x"}):
        error = refused(api.post(EXECUTE, json={"language": field, "code": "1"}), 400)
        assert error["reason"] != "FORGED"
    error = refused(api.get("/api/v1/public/jobs", params={nasty: "1"}), 400)
    assert error["reason"] == "QUERY_PARAMETER_UNKNOWN"
    assert json.dumps(error)
