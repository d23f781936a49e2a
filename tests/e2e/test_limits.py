"""Every limit ends the program, says so, and leaves what was printed until then."""

import httpx
import pytest
from tests.e2e.jobs import Job, run

FORK_BOMB = "import os\nwhile True:\n    os.fork()\n"


def _failed(job: Job, verdict: str) -> None:
    assert (job["status"], job["verdict"]) == ("failed", verdict), job


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("while True: pass", {"wall_time_ms": 600}),
        ("import time; time.sleep(60)", {"wall_time_ms": 600}),
        ("while True: pass", {"cpu_time_ms": 300}),
        (
            "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
            {"wall_time_ms": 600},
        ),
    ],
    ids=["loops", "sleeps", "cpu", "ignores-signals"],
)
def test_a_program_without_an_end_is_ended(
    api: httpx.Client, code: str, limits: dict[str, int]
) -> None:
    """The time limit ends it soon after it is reached, and keeps what it printed."""
    job = run(api, f"print('begun', flush=True)\n{code}", limits=limits)
    _failed(job, "time_limit")
    assert job["stdout"] == "begun\n"
    assert "exit_code" not in job
    assert job["signal"] == 9
    assert job["exec_duration"] < 5000


def test_a_memory_hog_is_ended(api: httpx.Client) -> None:
    """It gets no more than its limit, and the verdict says so."""
    job = run(
        api,
        "print('begun', flush=True)\nkept = []\nwhile True: kept.append(bytearray(1 << 20))",
        limits={"memory_kb": 64 * 1024},
    )
    _failed(job, "memory_limit")
    assert job["stdout"] == "begun\n"
    assert job["mem_usage"] <= 64 * 1024


def test_an_output_flood_is_cut_at_its_limit(api: httpx.Client) -> None:
    """Exactly as many bytes as allowed are kept, and the rest is said to be missing."""
    job = run(api, "while True: print('y' * 999)", limits={"output_bytes": 100_000})
    _failed(job, "output_limit")
    assert job["stdout"] == ("y" * 999 + "\n") * 100
    assert (job["stdout_truncated"], job["stderr_truncated"]) == (True, False)


def test_a_fork_bomb_is_ended(api: httpx.Client) -> None:
    """It ends for its own sake, and the next job runs as ever."""
    job = run(api, FORK_BOMB, limits={"wall_time_ms": 3000, "processes": 32})
    _failed(job, "process_limit")
    assert run(api, "print('alive')")["stdout"] == "alive\n"


def test_files_fill_no_more_than_their_limit(api: httpx.Client) -> None:
    """All that a program may write to, together, holds no more than `file_bytes`."""
    code = """
total = 0
for folder in ("/box", "/tmp", "/var/tmp", "/dev/shm"):
    with open(f"{folder}/big", "wb", buffering=0) as file:
        try:
            while True: total += file.write(bytes(65536))
        except OSError: pass
print(total)
"""
    job = run(api, code, limits={"file_bytes": 4 << 20, "memory_kb": 256 * 1024})
    assert job["status"] == "completed", job
    assert (3 << 20) < int(job["stdout"]) <= (4 << 20)


@pytest.mark.parametrize(
    "limits",
    [
        {"wall_time_ms": 1},
        {"cpu_time_ms": 1},
        {"memory_kb": 1024},
        {"processes": 1},
        {"output_bytes": 1},
        {"file_bytes": 1},
        {"open_files": 1},
    ],
    ids=str,
)
def test_the_smallest_limits_give_a_verdict_of_their_own(
    api: httpx.Client, limits: dict[str, int]
) -> None:
    """Nothing fails inside Ignis when a limit is as small as it can be."""
    job = run(api, "print('x' * 10)", limits=limits)
    assert job["verdict"] != "internal_error", job


def test_the_highest_limits_are_granted(api: httpx.Client) -> None:
    """Every maximum that the status shows may be asked for."""
    maximum = api.get("/api/v1/public/status").json()["data"]["maximum_limits"]
    assert run(api, "print('fine')", limits=maximum)["stdout"] == "fine\n"


def test_what_a_program_leaves_running_does_not_outlive_it(api: httpx.Client) -> None:
    """A daemon that left its session and its parent neither delays the end nor goes on."""
    job = run(
        api,
        """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
print("parent ends")
""",
    )
    assert (job["status"], job["stdout"]) == ("completed", "parent ends\n")
    assert job["exec_duration"] < 10_000
