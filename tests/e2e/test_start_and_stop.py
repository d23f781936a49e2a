"""`make run` from its start to its end: what it prints, what it keeps, what it leaves behind."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.conftest import TIMEOUT, Running
from tests.e2e.jobs import JOBS, finished, run
from tests.e2e.shape import data_of
from tests.e2e.stack import RealStack, own_stack
from tests.integration.local.harness import SERVERS, SERVICES, free_port, gone

SECONDS_OF_A_SECOND_START = 30  # a few, where nothing else runs


def _client(facts: dict[str, Any], **headers: str) -> httpx.Client:
    return httpx.Client(base_url=facts["base_url"], timeout=TIMEOUT, headers=headers)


def _paste_the_curl_line(stack: RealStack) -> tuple[str, dict[str, Any]]:
    """Paste the line that the stack shows into bash, as a newcomer does."""
    line = next(line for line in stack.output.splitlines() if line.startswith("curl "))
    pasted = subprocess.run(
        ["bash", "-c", f"{line} -w '\\n%{{http_code}}'"],
        capture_output=True,
        text=True,
        check=True,
    )
    body, _, status = pasted.stdout.rpartition("\n")
    answer: dict[str, Any] = httpx.Response(200, text=body).json()
    return status, answer


def test_a_stack_from_its_first_start_to_its_last_stop(stack: Running, tmp_path: Path) -> None:
    """The curl line works, Ctrl-C leaves nothing running, and the next start has all data."""
    # A second stack beside the shared one; the compilers' caches are shared, as nothing else is.
    env = {"EXECUTOR_DATA_DIR": str(stack.data / "executor")}
    port = free_port()
    with own_stack(tmp_path, port, env) as first:
        facts = first.ready()
        assert facts["base_url"] == f"http://127.0.0.1:{port}"
        assert f"http://localhost:{port}" in first.output
        assert facts["api_key"] in first.output
        for name in ("database_url", "nats_url", "redis_url", "grpc_address", "api_key"):
            assert facts[name] != stack.facts[name]

        status, answer = _paste_the_curl_line(first)
        assert status == "201"
        job = answer["data"]
        assert (job["status"], job["language"]) == ("received", "python")
        with _client(facts, **{"x-api-key": facts["api_key"]}) as api:
            done = finished(api, job["job_id"])
        assert (done["status"], done["stdout"]) == ("completed", "Hello, World!\n")
        with _client(facts, authorization=f"Bearer {facts['user_token']}") as person:
            hook = {"url": "https://example.com/", "events": ["job.*"]}
            made = data_of(person.post("/api/v1/webhooks", json=hook), 201)

        pids = first.pids()
        assert set(pids) == SERVERS | SERVICES
        assert first.stop() == 0, first.output
    assert "Stopped." in first.output
    assert gone(pids)
    assert first.remains() == []
    assert not (first.data / "dev.json").exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health")

    with own_stack(tmp_path, port, env) as second:
        began = time.monotonic()
        again = second.ready()
        assert time.monotonic() - began < SECONDS_OF_A_SECOND_START
        assert again["api_key"] == facts["api_key"]
        with _client(again, **{"x-api-key": facts["api_key"]}) as api:
            kept = data_of(api.get(f"{JOBS}/{job['job_id']}"))
            assert kept == done
            assert run(api, "print('again')")["stdout"] == "again\n"
        # The session of the first run is still good: one person, one key pair.
        with _client(again, authorization=f"Bearer {facts['user_token']}") as person:
            assert made["id"] in person.get("/api/v1/webhooks").text
        assert second.stop() == 0, second.output
    assert second.remains() == []


def test_a_port_that_is_taken_is_said_in_one_line(stack: Running, tmp_path: Path) -> None:
    """The line names the port and the way out; nothing was started."""
    port = httpx.URL(stack.facts["base_url"]).port
    assert port is not None
    with own_stack(tmp_path, port) as late:
        complaint = late.complaint()
    assert f"port {port} is taken" in complaint
    assert "PORT=" in complaint
    assert late.remains() == []


def test_a_data_folder_that_is_in_use_is_said_in_one_line(stack: Running, tmp_path: Path) -> None:
    """A second stack of the same folder does no harm to the first."""
    with own_stack(tmp_path, env={"IGNIS_DATA_DIR": str(stack.data)}) as late:
        assert "IGNIS_DATA_DIR" in late.complaint()
    assert httpx.get(f"{stack.facts['base_url']}/health").status_code == 200


def test_a_service_that_is_told_to_end_takes_the_stack_with_it(
    stack: Running, tmp_path: Path
) -> None:
    """SIGTERM drains the service, which exits with 0; one line then says which one ended."""
    with own_stack(tmp_path, env={"EXECUTOR_DATA_DIR": str(stack.data / "executor")}) as own:
        os.kill(own.ready()["services"]["webhook"]["pid"], signal.SIGTERM)
        complaint = own.complaint()
    assert "webhook ended with exit code 0" in complaint
    assert own.remains() == []
    for room in SERVICES:  # the others were told to end by the stack
        last = (own.data / f"logs/{room}.log").read_text("utf-8").splitlines()[-1]
        assert '"event": "stopped"' in last
        assert '"failure": null' in last
