"""What the services write down: one object a line, with the request's id, without secrets."""

import json
from pathlib import Path
from typing import Any

import httpx
from tests.e2e.conftest import Running
from tests.e2e.jobs import EXECUTE, JOBS, run
from tests.e2e.shape import refused
from tests.integration.local.harness import until


def test_the_request_id_travels_all_the_way(api: httpx.Client, stack: Running) -> None:
    """The id that the client is answered is in the logs of auth, job and executor."""
    body = {"language": "python", "code": "print(1)", "wait": 60}
    answer = api.post(EXECUTE, json=body)
    request_id = answer.headers["x-request-id"]
    assert answer.json()["data"]["status"] == "completed"

    def rooms() -> set[str]:
        return {
            entry["service"]
            for room in ("auth", "job", "executor")
            for entry in _entries(stack.data / f"logs/{room}.log")
            if entry.get("request_id") == request_id
        }

    until(lambda: rooms() == {"auth", "job", "executor"})


def test_the_logs_are_json_and_hold_no_secret(api: httpx.Client, stack: Running) -> None:
    """Every line is one object with time, level and service, and nobody's code or key."""
    run(api, "print('a-secret-of-the-user')", stdin="another-secret", env={"TOKEN": "third-secret"})
    for room in ("auth", "job", "executor", "webhook"):
        for entry in _entries(stack.data / f"logs/{room}.log"):
            assert {"timestamp", "level", "event", "service"} <= set(entry), entry
            assert entry["service"] == room
    logs = "".join(path.read_text("utf-8") for path in (stack.data / "logs").glob("*.log"))
    for secret in ("-secret", stack.facts["api_key"], stack.facts["user_token"]):
        assert secret not in logs


def test_metrics_count_answers_by_their_code(api: httpx.Client, stack: Running) -> None:
    """A job that was not found is counted as such, and is no error of Ignis."""
    url = stack.facts["services"]["job"]["metrics_url"]
    method = 'method="/ignis.v1.JobService/GetJob"'

    def value(name: str, *labels: str) -> float:
        lines = httpx.get(url).text.splitlines()
        found = [
            line
            for line in lines
            if line.startswith(name) and all(label in line for label in labels)
        ]
        return sum(float(line.rpartition(" ")[2]) for line in found)

    def counted() -> tuple[float, float]:
        not_found = value("ignis_job_requests_total{", method, 'code="NOT_FOUND"')
        return not_found, value("ignis_job_request_seconds_count{", method)

    before = counted()
    refused(api.get(f"{JOBS}/nonsense"), 404, "JOB_NOT_FOUND")
    until(lambda: counted()[0] > before[0])
    assert counted()[1] > before[1]
    assert value("ignis_job_errors_total{", method) == 0


def _entries(log: Path) -> list[dict[str, Any]]:
    """The whole lines of a log; the last one may be in the making."""
    whole = log.read_text("utf-8").rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]
