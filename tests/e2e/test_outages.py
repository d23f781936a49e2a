"""Health tells what is away, and comes back with it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tests.e2e.conftest import TIMEOUT, Running
from tests.e2e.jobs import EXECUTE, run
from tests.e2e.shape import data_of
from tests.e2e.stack import RealStack, own_stack
from tests.integration.gateway.shape import error_of
from tests.integration.local.harness import until

PATIENCE = 60.0  # seconds


@contextmanager
def _frozen(pid: int) -> Iterator[None]:
    """Stop a process and its children without ending them, and let them go on afterwards."""
    pids = [pid, *_children(pid)]
    for one in pids:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in pids:
            os.kill(one, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [int(child) for child in children.split()]


def test_health_follows_each_dependency(stack: Running, tmp_path: Path) -> None:
    """Without Redis jobs still run; without the others it is 503, and ok again afterwards."""
    with own_stack(tmp_path, env={"EXECUTOR_DATA_DIR": str(stack.data / "executor")}) as own:
        facts = own.ready()
        pids = own.pids()
        with httpx.Client(
            base_url=facts["base_url"],
            headers={"x-api-key": facts["api_key"]},
            timeout=TIMEOUT,
        ) as api:
            with _frozen(pids["valkey"]):
                _until_health(api, 200, "degraded", "redis")
                assert run(api, "print('without redis')")["stdout"] == "without redis\n"
            _until_well(api)
            for server, part in (("nats", "nats"), ("postgres", "database")):
                with _frozen(pids[server]):
                    _until_health(api, 503, "unavailable", part)
                    _refused_or_accepted(api)
                _until_well(api)
                assert run(api, f"print('after {server}')")["stdout"] == f"after {server}\n"
            with _frozen(pids["executor"]):
                _until_health(api, 503, "unavailable", "executors")
            _until_well(api)
            _service_health_follows(own, facts["services"]["job"]["metrics_url"])


def _until_health(api: httpx.Client, status: int, word: str, part: str) -> None:
    """Wait until /health says that this part alone is away."""

    def says_so() -> bool:
        answer = api.get("/health")
        health = answer.json().get("data", {})
        return bool(
            answer.status_code == status
            and health.get("status") == word
            and health[part]["status"] == "unavailable"
        )

    until(says_so, PATIENCE)


def _until_well(api: httpx.Client) -> None:
    until(lambda: api.get("/health").json().get("data", {}).get("status") == "ok", PATIENCE)


def _refused_or_accepted(api: httpx.Client) -> None:
    """In an outage a submit is refused with 503 in the one shape, or it is accepted for good."""
    answer = api.post(EXECUTE, json={"language": "python", "code": "print(1)"})
    if answer.status_code == 201:
        assert data_of(answer, 201)["status"] == "received"
    else:
        assert answer.status_code in {503, 504}, answer.text
        error_of(answer)


def _service_health_follows(own: RealStack, metrics_url: str) -> None:
    """A service's own /healthz turns to 503 while its database is away."""
    url = metrics_url.replace("/metrics", "/healthz")
    with _frozen(own.pids()["postgres"]):
        until(lambda: httpx.get(url).status_code == 503, PATIENCE)
    until(lambda: httpx.get(url).status_code == 200, PATIENCE)
