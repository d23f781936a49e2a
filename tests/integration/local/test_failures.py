"""What goes wrong is one clear line, and never the end of the data."""

import os
import signal
import socket
from pathlib import Path

import pytest
from tests.integration.local.harness import free_port, gone, stack, until


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    """The line names the port and a way out, and no server was started for nothing."""
    with socket.create_server(("127.0.0.1", free_port())) as other:
        port = other.getsockname()[1]
        with stack(tmp_path, port=port) as running:
            line = running.complaint()

    assert f"port {port} is taken" in line
    assert f"PORT={port + 1} make run" in line
    assert list((tmp_path / ".ignis/logs").iterdir()) == []


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback")
def test_a_port_that_only_localhost_finds_taken_is_told(tmp_path: Path) -> None:
    """Clients try ::1 first for `localhost`; somebody else there would get their requests."""
    with socket.create_server(("::1", free_port()), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        with stack(tmp_path, port=port) as running:
            assert f"port {port} is taken" in running.complaint()


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


def test_a_killed_stack_takes_its_processes_along(tmp_path: Path) -> None:
    """After SIGKILL the kernel tells every process to end, without another start."""
    with stack(tmp_path) as running:
        running.ready()
        pids = running.pids()
        running.process.kill()

        until(lambda: gone(pids))


def test_a_killed_stack_starts_again_at_once(tmp_path: Path) -> None:
    """The next start ends what is left, a service that won't end included, and has it all."""
    (tmp_path / "behaviour").write_text("job=stubborn", encoding="utf-8")
    with stack(tmp_path) as first:
        first.ready()
        pids = first.pids()
        first.process.kill()
        first.process.wait()
        (tmp_path / "behaviour").unlink()

        with stack(tmp_path) as second:
            second.ready()
            assert gone(pids)
            assert "that a killed run had left behind" in second.output
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
        assert "envoy" not in running.pids()
        assert {"postgres", "nats", "valkey"} < set(running.pids())

        def ended() -> bool:
            running.interrupt()
            return running.process.poll() is not None

        until(ended)
        assert running.process.returncode == 0, running.output

    assert gone(pids)
    assert "Stopping at once" in running.output
