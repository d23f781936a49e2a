"""What goes wrong is one clear line, and never the end of the data."""

import os
import signal
import socket
from pathlib import Path

from tests.integration.local.harness import free_port, gone, stack, until


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    """The line names the port and a way out, and no server was started for nothing."""
    with socket.create_server(("127.0.0.1", free_port())) as other:
        port = other.getsockname()[1]
        with stack(tmp_path, port=port) as running:
            line = running.complaint()

    assert f"port {port} is taken" in line
    assert f"PORT={port + 1} make run" in line
    assert list((tmp_path / ".ignis/logs").iterdir()) == []


def test_a_service_that_dies_at_its_start_is_named(tmp_path: Path) -> None:
    """The line has its name, its exit code, its last words and its log; all else is stopped."""
    (tmp_path / "behaviour").write_text("auth=dies", encoding="utf-8")

    with stack(tmp_path) as running:
        line = running.complaint()

    assert "auth ended with exit code 3: “error: cannot start: no such table”" in line
    assert f"(all of it in {tmp_path}/.ignis/logs/auth.log); set that right" in line
    assert running.pids() == {}


def test_a_server_that_dies_later_ends_the_stack(tmp_path: Path) -> None:
    """The line names it and its signal, and the others are stopped."""
    with stack(tmp_path) as running:
        running.ready()
        pids = running.pids()
        os.kill(pids["nats"], signal.SIGKILL)
        line = running.complaint()

    assert "nats ended with signal SIGKILL" in line
    assert gone(pids)
    assert not (tmp_path / ".ignis/dev.json").exists()


def test_a_second_stack_on_the_same_data_is_refused(tmp_path: Path) -> None:
    """It is told who has the data, and the first goes on."""
    with stack(tmp_path) as first:
        first.ready()
        with stack(tmp_path) as second:
            line = second.complaint()

        assert f"pid {first.process.pid} " in line
        assert first.ready()
        assert first.stop() == 0


def test_a_killed_stack_takes_its_processes_along_and_starts_again(tmp_path: Path) -> None:
    """After SIGKILL nothing goes on for long, and the next start has the folder to itself."""
    with stack(tmp_path) as first:
        facts = first.ready()
        pids = first.pids()
        first.process.kill()
        first.process.wait()

    with stack(tmp_path) as second:
        assert facts["user_token"] != second.ready()["user_token"]
        assert gone(pids)
        assert second.stop() == 0


def test_ctrl_c_while_it_starts_is_no_failure(tmp_path: Path) -> None:
    """A start that is cut short stops what it had started, and ends with 0."""
    with stack(tmp_path) as running:
        until(lambda: "postgres" in running.pids())
        pids = running.pids()

        assert running.stop() == 0, running.output

    assert gone(pids)
    assert "ignis: " not in running.output


def test_a_second_ctrl_c_waits_for_nobody(tmp_path: Path) -> None:
    """A service that ignores SIGTERM is killed at the second Ctrl-C, long before its time."""
    (tmp_path / "behaviour").write_text("job=stubborn", encoding="utf-8")

    with stack(tmp_path, env={"SHUTDOWN_GRACE": "300"}) as running:
        running.ready()
        pids = running.pids()
        running.interrupt()
        until(lambda: "auth" not in running.pids())
        assert running.process.poll() is None

        def ended() -> bool:
            running.interrupt()
            return running.process.poll() is not None

        until(ended)
        assert running.process.returncode == 0, running.output

    assert gone(pids)
    assert "Stopping at once" in running.output
