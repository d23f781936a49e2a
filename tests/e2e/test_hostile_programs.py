"""Programs that attack what runs them; each ends as any other, and the next job is fine."""

import json

import httpx
import pytest
from tests.e2e.jobs import JOBS, outcome, run
from tests.e2e.shape import data_of

ACCEPTED = ("completed", "accepted", 0)


@pytest.fixture(autouse=True)
def _unharmed(api: httpx.Client) -> object:
    """After each attack the next program runs as ever."""
    yield
    assert run(api, "print('fine')")["stdout"] == "fine\n"


def test_a_program_can_not_forge_its_result(api: httpx.Client) -> None:
    """It holds no descriptor but its three, and what it prints is nothing but output."""
    job = run(
        api,
        """
import os
forged = b'{"exit_code": 0, "verdict": "accepted"}'
for fd in range(3, 4096):
    for data in (forged, len(forged).to_bytes(4, "big") + forged, b"\\0" * 64):
        try: os.write(fd, data); print("wrote to", fd)
        except OSError: break
os.write(1, len(forged).to_bytes(4, "big") + forged)
os._exit(7)
""",
    )
    assert outcome(job) == ("failed", "runtime_error", 7)
    assert job["stdout"].startswith("\0\0\0")
    assert "wrote" not in job["stdout"]


def test_a_program_can_not_end_what_runs_it(api: httpx.Client) -> None:
    """Killing all that it may kill hits nobody but itself."""
    job = run(api, "import os, signal\nos.kill(-1, signal.SIGKILL)\nos.kill(1, 9)\nprint('alive')")
    assert job["status"] in {"completed", "failed"}
    assert job["verdict"] in {"accepted", "runtime_error"}


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.unlink('main.py'); os.symlink('/etc/shadow', 'main.py')",
        "import os; os.mkfifo('fifo'); os.symlink('/', 'root'); os.symlink('loop', 'loop')",
        "import os; os.chmod('/box', 0)",
        "import os\nfor n in range(300): os.mkdir('d'); os.chdir('d')",
        "import os\nfor n in range(100): os.mkfifo(f'f{n}')\nos.rename('main.py', 'x')",
    ],
)
def test_what_a_program_leaves_in_its_folder_harms_nobody(api: httpx.Client, code: str) -> None:
    """Links, pipes, deep trees and folders without rights are cleared away."""
    assert outcome(run(api, code)) == ACCEPTED


def test_a_hundred_files_with_nasty_names_are_only_names(api: httpx.Client) -> None:
    """No name is taken for an option, a pattern, a command or another path."""
    names = [
        "-rf", "--help", "$(touch x)", "`id`", "a b", "a;b", "*", "?", "~", "%00", "%2e%2e",
        "{artefact}", "{file}", ".program", "'", '"', "&", "<x>", "|", "\u0085", "\ufeff",
        "\u202egnp.py", ".hidden", "x" * 255, "\u00e9/\U0001d4b3", "deep/" * 50 + "x",
        "e\u0301", "\u00e9.", "con", "...", ".. ", " ",
    ]  # fmt: skip
    names += [f"{number}.txt" for number in range(99 - len(names))]
    code = (
        "import json, os\n"
        "print(json.dumps([os.path.relpath(os.path.join(at, name)) for at, _, files in os.walk('.')"
        " for name in files]))"
    )
    files = [{"name": "main.py", "content": code}]
    files += [{"name": name, "content": "x"} for name in names]
    job = run(api, files=files)
    assert outcome(job) == ACCEPTED, job["stderr"]
    assert sorted(json.loads(job["stdout"])) == sorted(["main.py", *names])


@pytest.mark.parametrize(
    "env",
    [
        {"LD_PRELOAD": "/box/evil.so", "LD_LIBRARY_PATH": "/box", "LD_AUDIT": "/box/evil.so"},
        {"PYTHONPATH": "/proc/1/root", "PYTHONSTARTUP": "/box/main.py", "PYTHONINSPECT": "1"},
        {"BASH_FUNC_python3%%": "() { echo forged; }", "BASH_ENV": "/box/main.py", "IFS": "x"},
        {"PATH": "/nowhere"},
        {"\u00e9\n": "\u00fc\r\n", "A": "", "x" * 30_000: "y"},
    ],
    ids=["loader", "python", "shell", "path", "odd"],
)
def test_variables_touch_the_program_alone(api: httpx.Client, env: dict[str, str]) -> None:
    """The caller may set any; they mean nothing to what runs the program."""
    job = run(api, "import os; print(sorted(os.environ))", env=env)
    assert outcome(job) == ACCEPTED, job["stderr"]
    expected = sorted({"HOME", "LANG", "PATH", "TMPDIR", *env})
    assert job["stdout"] == f"{expected}\n"


def test_compiling_is_as_isolated_as_running(api: httpx.Client) -> None:
    """A command that the caller smuggles into the compiler runs in the sandbox, as nobody."""
    script = '#!/bin/sh\nid -u >&2\ncat /proc/1/environ >&2\necho x > /usr/x\nexec "$@"\n'
    job = run(
        api,
        language="go",
        files=[
            {"name": "main.go", "content": "package main\n\nfunc main() {}\n"},
            {"name": "tool.sh", "content": script},
        ],
        compile_args=["-toolexec=/bin/sh /box/tool.sh"],
    )
    told = job["compile"]["stderr"]
    assert "Read-only file system" in told or "cannot create" in told, job
    assert "\n0\n" not in f"\n{told}"
    assert "NATS_URL" not in told


def test_a_flood_on_both_streams_from_many_processes_is_cut(api: httpx.Client) -> None:
    """However many write at once, no more than the limit is kept, and it ends soon."""
    code = """
import os
for _ in range(20):
    if os.fork() == 0: break
while True:
    os.write(1, b"x" * 65536); os.write(2, b"y" * 65536)
"""
    job = run(api, code, limits={"output_bytes": 50_000, "wall_time_ms": 20_000})
    assert job["verdict"] == "output_limit"
    assert len(job["stdout"]) <= 50_000
    assert len(job["stderr"]) <= 50_000


def test_output_of_control_characters_stays_json(api: httpx.Client) -> None:
    """A mebibyte that JSON writes six times as long comes back whole, also in the job's page."""
    job = run(api, "import os\nfor _ in range(16): os.write(1, b'\\x01' * 65536)")
    assert outcome(job) == ACCEPTED
    shown = data_of(api.get(f"{JOBS}/{job['job_id']}"))
    assert shown["stdout"] == "\x01" * (1 << 20)
