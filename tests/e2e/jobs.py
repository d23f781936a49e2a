"""Posting programs and waiting for what happens to them."""

from typing import Any

import httpx
from tests.integration.local.harness import until

EXECUTE = "/api/v1/public/execute"
JOBS = "/api/v1/public/jobs"
ENDED = {"completed", "failed", "cancelled"}
PATIENCE = 90.0  # seconds; the machine may be busy with other tests

Job = dict[str, Any]


def submit(client: httpx.Client, **fields: object) -> Job:
    """Post a job, Python unless it says another language; return what was answered."""
    answer = client.post(EXECUTE, json={"language": "python", **fields})
    assert answer.status_code == 201, answer.text
    job: Job = answer.json()["data"]
    return job


def finished(client: httpx.Client, job_id: str) -> Job:
    """Wait until a job has ended."""
    job: Job = {}

    def has_ended() -> bool:
        answer = client.get(f"{JOBS}/{job_id}")
        assert answer.status_code == 200, answer.text
        job.update(answer.json()["data"])
        return job["status"] in ENDED

    until(has_ended, PATIENCE)
    return job


def run(client: httpx.Client, code: str = "", **fields: object) -> Job:
    """Post a program and wait until it has ended."""
    job = submit(client, **({"code": code} if code else {}), wait=60, **fields)
    return job if job["status"] in ENDED else finished(client, job["job_id"])


def outcome(job: Job) -> tuple[str, str, int | None]:
    """The status, verdict and exit code of a job that has ended."""
    return job["status"], job["verdict"], job.get("exit_code")
