"""The REST paths of jobs and of health."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.e2e.jobs import EXECUTE, JOBS, run, submit
from tests.e2e.shape import data_of, refused

NOBODYS_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def test_health_needs_no_credential_and_shows_every_dependency(anybody: httpx.Client) -> None:
    """It names database with its pool, NATS, Redis and the executors."""
    health = data_of(anybody.get("/health"))
    assert health["status"] == "ok"
    assert [health[part]["status"] for part in ("database", "nats", "redis", "executors")] == [
        "ok"
    ] * 4
    assert health["database"]["pool_max"] >= health["database"]["pool_size"] >= 1
    assert health["executors"]["count"] == 1
    assert health["executors"]["capacity"] >= 1
    assert health["nats"]["latency_ms"] > 0


def test_the_apis_health_needs_no_credential(anybody: httpx.Client) -> None:
    """It says that the API answers, whatever key is sent along."""
    assert data_of(anybody.get("/api/v1/public/health")) == {"status": "ok"}
    with_key = anybody.get("/api/v1/public/health", headers={"x-api-key": "nonsense"})
    assert data_of(with_key) == {"status": "ok"}


def test_status_shows_version_languages_and_limits(api: httpx.Client) -> None:
    """Python and Go are offered, and the limits are those of the design."""
    status = data_of(api.get("/api/v1/public/status"))
    assert status["status"] == "ok"
    assert status["version"]
    languages = {language["id"]: language for language in status["languages"]}
    assert set(languages) >= {"python", "go"}
    assert "py" in languages["python"]["aliases"]
    assert status["default_limits"] == {
        "wall_time_ms": 10_000,
        "cpu_time_ms": 10_000,
        "memory_kb": 262_144,
        "processes": 64,
        "output_bytes": 1_048_576,
        "file_bytes": 67_108_864,
        "open_files": 1024,
    }
    assert status["maximum_limits"]["wall_time_ms"] == 60_000
    assert status["maximum_limits"]["memory_kb"] == 1_048_576


@pytest.mark.parametrize("name", ["python", "py", "python3", "python@3", "python@"])
def test_a_language_has_aliases_and_versions(api: httpx.Client, name: str) -> None:
    """Whatever name the request uses, the job has the language's id."""
    job = run(api, "print(1)", language=name)
    assert (job["language"], job["stdout"]) == ("python", "1\n")


def test_a_list_goes_through_all_jobs_newest_first(api: httpx.Client) -> None:
    """Pages follow each other without gap or repetition, and show no outputs."""
    posted = [submit(api, code="print(1)")["job_id"] for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while cursor or not seen:
        page = api.get(JOBS, params={"limit": 2, "cursor": cursor}).json()
        assert page["pagination"]["limit"] == 2
        assert page["pagination"]["count"] == len(page["data"]) <= 2
        assert not any({"stdout", "stderr", "compile"} & set(job) for job in page["data"])
        seen += [job["job_id"] for job in page["data"]]
        cursor = page["pagination"]["next_cursor"] if min(seen) > posted[0] else ""
    assert set(posted) <= set(seen)
    assert seen == sorted(set(seen), reverse=True)


def test_a_list_can_be_filtered(api: httpx.Client) -> None:
    """Status, language and time of acceptance choose; together they all must hold."""
    failed = run(api, "raise SystemExit(9)")
    created = datetime.fromisoformat(failed["created_at"]).astimezone(UTC)

    def ids(**params: str) -> list[str]:
        return [job["job_id"] for job in data_of(api.get(JOBS, params={"limit": 100, **params}))]

    moment = created.replace(microsecond=created.microsecond // 1000 * 1000)
    after = (moment + timedelta(seconds=1)).isoformat()
    assert failed["job_id"] in ids(status="failed", language="python")
    assert failed["job_id"] in ids(created_after=moment.isoformat(), created_before=after)
    assert failed["job_id"] not in ids(status="completed")
    assert failed["job_id"] not in ids(language="go")
    assert failed["job_id"] not in ids(created_after=after)
    assert failed["job_id"] not in ids(created_before=moment.isoformat())
    assert ids(language="cobol") == []


def test_an_unknown_job_is_not_found(api: httpx.Client) -> None:
    """The same answer for an id that nobody has and for a text that is none."""
    for job_id in (NOBODYS_ID, NOBODYS_ID.lower(), "nonsense", "%C3%A9", "a%20b"):
        refused(api.get(f"{JOBS}/{job_id}"), 404, "JOB_NOT_FOUND")


def test_the_caller_of_a_key_and_of_a_session_is_one_person(
    api: httpx.Client, person: httpx.Client
) -> None:
    """A job that was posted with the key shows up for its signed-in owner, and back."""
    by_key = submit(api, code="print(1)")["job_id"]
    posted = person.post(
        "/api/v1/jobs", json={"language": "python", "code": "print(2)", "wait": 60}
    )
    by_session = data_of(posted, 201)["job_id"]
    assert data_of(person.get(f"/api/v1/jobs/{by_key}"))["job_id"] == by_key
    assert data_of(api.get(f"{JOBS}/{by_session}"))["stdout"] == "2\n"
    assert data_of(api.get(f"/api/v1/jobs/{by_session}"))["stdout"] == "2\n"
    listed = [job["job_id"] for job in data_of(person.get("/api/v1/jobs?limit=100"))]
    assert {by_key, by_session} <= set(listed)


def test_jobs_of_somebody_else_do_not_exist(api: httpx.Client, stranger: httpx.Client) -> None:
    """They are in no list, and asking for one by its id is 404."""
    job_id = submit(api, code="print(1)")["job_id"]
    refused(stranger.get(f"/api/v1/jobs/{job_id}"), 404, "JOB_NOT_FOUND")
    listed = data_of(stranger.get("/api/v1/jobs", params={"limit": 100}))
    assert job_id not in [job["job_id"] for job in listed]


def test_the_same_idempotency_key_makes_one_job(api: httpx.Client, stranger: httpx.Client) -> None:
    """The same body answers with the same job, another one is refused, another user is free."""
    key = f"once-{datetime.now(UTC).timestamp()}"
    body = {"language": "python", "code": "print(1)", "idempotency_key": key}
    answers = [data_of(api.post(EXECUTE, json=body), 201)["job_id"] for _ in range(3)]
    assert len(set(answers)) == 1
    waited = data_of(api.post(EXECUTE, json={**body, "wait": 60}), 201)
    assert (waited["job_id"], waited["stdout"]) == (answers[0], "1\n")
    other = api.post(EXECUTE, json={**body, "code": "print(2)"})
    refused(other, 409, "IDEMPOTENCY_KEY_REUSED")
    theirs = data_of(stranger.post("/api/v1/jobs", json=body), 201)["job_id"]
    assert theirs != answers[0]


def test_labels_come_back(api: httpx.Client) -> None:
    """What the caller pinned to a job is in every answer about it."""
    labels = {"course": "cs101", "\u00fcber": "\U0001f600 'quoted' \"twice\""}
    job = run(api, "print(1)", labels=labels)
    assert job["labels"] == labels
    listed = data_of(api.get(JOBS, params={"limit": 100}))
    assert labels in [entry["labels"] for entry in listed if entry["job_id"] == job["job_id"]]
