"""What a program did is what its job says."""

import base64

import httpx
import pytest
from tests.e2e.jobs import finished, outcome, run, submit

MIB = 1 << 20
ACCEPTED = ("completed", "accepted", 0)
HELLO_GO = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("Hello, World!") }\n'


@pytest.mark.parametrize(
    ("language", "code"), [("python", 'print("Hello, World!")'), ("go", HELLO_GO)]
)
def test_hello_world_is_received_and_then_completed(
    api: httpx.Client, language: str, code: str
) -> None:
    """A submit answers at once; the job then shows what the program printed."""
    received = submit(api, language=language, code=code)
    assert received["status"] == "received"
    assert received["language"] == language
    assert received["message"] == "Code submitted for execution"

    job = finished(api, received["job_id"])
    assert outcome(job) == ACCEPTED
    assert job["stdout"] == "Hello, World!\n"
    assert job["stderr"] == ""
    assert job["job_id"] == received["job_id"]
    assert job["created_at"] <= job["started_at"] <= job["finished_at"] <= job["updated_at"]
    assert job["mem_usage"] > 0
    assert job["exec_duration"] > 0
    assert job["queued_ms"] >= 0
    assert job["executor"]


def test_wait_answers_with_the_finished_job(api: httpx.Client) -> None:
    """With `wait`, the answer to the submit is the job with its result."""
    job = submit(api, code="print(6 * 7)", wait=60)
    assert outcome(job) == ACCEPTED
    assert job["stdout"] == "42\n"
    assert job == finished(api, job["job_id"])


def test_a_wait_that_is_too_short_answers_with_the_job_as_it_is(api: httpx.Client) -> None:
    """The job goes on behind an answer that came before its end."""
    early = submit(api, code="import time; time.sleep(1.5)", wait=0.2)
    assert early["status"] in {"received", "running"}
    assert "verdict" not in early
    assert outcome(finished(api, early["job_id"])) == ACCEPTED


@pytest.mark.parametrize(
    ("code", "exit_code", "stderr"),
    [
        ("raise ValueError('no')", 1, "ValueError: no\n"),
        ("import sys; sys.exit(3)", 3, ""),
        ("print('a' 1)", 1, "SyntaxError: "),
        ("assert False", 1, "AssertionError\n"),
    ],
)
def test_a_program_that_fails_is_a_result(
    api: httpx.Client, code: str, exit_code: int, stderr: str
) -> None:
    """Its exit code and what it wrote to stderr are there, and the verdict says why."""
    job = run(api, code)
    assert outcome(job) == ("failed", "runtime_error", exit_code)
    assert stderr in job["stderr"]


def test_stdin_is_read_to_its_end(api: httpx.Client) -> None:
    """The program reads exactly what was sent, and then the end of the file."""
    sent = "zeile 1\r\n\u00e4\U0001d4b3\n\nlast"
    job = run(api, "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())", stdin=sent)
    assert outcome(job) == ACCEPTED
    assert job["stdout"] == sent


def test_both_streams_are_kept_apart(api: httpx.Client) -> None:
    """What goes to stderr is not in stdout."""
    job = run(api, "import sys; print('out'); print('err', file=sys.stderr)")
    assert (job["stdout"], job["stderr"]) == ("out\n", "err\n")


def test_a_go_program_that_does_not_compile_says_where(api: httpx.Client) -> None:
    """The compiler's words are in `compile`, and the program never ran."""
    job = run(api, "package main\n\nfunc main() { nonsense }\n", language="go")
    assert outcome(job) == ("failed", "compile_error", None)
    assert "main.go:3:15: undefined: nonsense" in job["compile"]["stderr"]
    assert job["compile"]["exit_code"] == 1
    assert job["stdout"] == ""


def test_a_go_program_that_panics_fails(api: httpx.Client) -> None:
    """Exit code and stack trace are those of Go."""
    job = run(api, 'package main\n\nfunc main() { panic("oh") }\n', language="golang")
    assert outcome(job) == ("failed", "runtime_error", 2)
    assert "panic: oh" in job["stderr"]
    assert job["compile"]["exit_code"] == 0


@pytest.mark.parametrize(
    "code",
    [
        b"\xef\xbb\xbfprint(open(__file__, 'rb').read().hex())\n",
        b"print(open(__file__, 'rb').read().hex())\r\n\r\n# \xc3\xa4 \r\n   ",
        b"\n\n\t\nprint(open(__file__, 'rb').read().hex())",
        "print(open(__file__, 'rb').read().hex())  # \u2028 \ufffd \U0001f600 \x01".encode(),
    ],
    ids=["bom", "crlf", "blank", "unicode"],
)
def test_code_arrives_byte_for_byte(api: httpx.Client, code: bytes) -> None:
    """Nothing is trimmed, translated or normalized."""
    job = run(api, code.decode())
    assert job["stdout"] == code.hex() + "\n", job["stderr"]


def test_output_of_nul_and_invalid_bytes_is_kept(api: httpx.Client) -> None:
    """NUL stays; bytes that are no UTF-8 are replaced, and that is said."""
    job = run(api, "import os; os.write(1, b'a\\0b\\xff\\xfe'); os.write(2, b'\\0')")
    assert outcome(job) == ACCEPTED
    assert job["stdout"] == "a\0b\ufffd\ufffd"
    assert job["stdout_invalid_utf8"] is True
    assert job["stderr"] == "\0"
    assert job["stderr_invalid_utf8"] is False


def test_files_arguments_and_variables_reach_the_program(api: httpx.Client) -> None:
    """The first file runs; the others lie beside it, text and binary alike."""
    code = (
        "import os, sys\n"
        "from lib.data import NAME\n"
        "print(NAME, sys.argv[1:], os.environ['COLOUR'], open('raw.bin', 'rb').read())"
    )
    job = run(
        api,
        files=[
            {"name": "main.py", "content": code},
            {"name": "lib/data.py", "content": "NAME = 'data'"},
            {
                "name": "raw.bin",
                "content": base64.b64encode(b"\x00\xff").decode(),
                "encoding": "base64",
            },
        ],
        args=["a b", "", "-c", "$HOME", "\n"],
        env={"COLOUR": "r\u00f6t\nblau"},
    )
    assert outcome(job) == ACCEPTED, job["stderr"]
    assert job["stdout"] == "data ['a b', '', '-c', '$HOME', '\\n'] r\u00f6t\nblau b'\\x00\\xff'\n"


def test_go_compiles_all_of_its_files(api: httpx.Client) -> None:
    """Several files of one package make one program."""
    main = "package main\n\nfunc main() { println(answer()) }\n"
    other = "package main\n\nfunc answer() int { return 42 }\n"
    job = run(
        api,
        language="go",
        files=[{"name": "app.go", "content": main}, {"name": "other.go", "content": other}],
    )
    assert outcome(job) == ACCEPTED, job
    assert job["stderr"] == "42\n"


def test_a_mebibyte_of_code_and_of_output_passes(api: httpx.Client) -> None:
    """The largest program prints the most that is kept, on both streams at once."""
    chunk = MIB // 16
    code = "import os\nfor _ in range(16):\n"
    code += f"    os.write(1, bytes({chunk})); os.write(2, b'\\xff' * {chunk})\n"
    job = run(api, code + "#" * (MIB - len(code)))
    assert outcome(job) == ACCEPTED, job["stderr"]
    assert job["stdout"] == "\0" * MIB
    assert job["stderr"] == "\ufffd" * MIB
    assert (job["stdout_truncated"], job["stderr_truncated"]) == (False, False)
