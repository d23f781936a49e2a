"""API keys: made by a signed-in person, used by programs, gone when they are removed."""

from typing import Any

import httpx
import pytest
from tests.e2e.jobs import EXECUTE, JOBS
from tests.e2e.shape import data_of, refused

KEYS = "/api/v1/api-keys"
STATUS = "/api/v1/public/status"
NOBODYS_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def make(person: httpx.Client, **fields: object) -> dict[str, Any]:
    """Make a key."""
    made: dict[str, Any] = data_of(person.post(KEYS, json={"name": "test", **fields}), 201)
    return made


def use(anybody: httpx.Client, key: str, path: str = STATUS) -> httpx.Response:
    """Send a request with a key."""
    return anybody.get(path, headers={"x-api-key": key})


def test_a_key_shows_its_secret_once(person: httpx.Client, anybody: httpx.Client) -> None:
    """It works at once, in either header; afterwards only its ends are shown."""
    made = make(person)
    assert made["key"].startswith("ign_")
    assert made["key"].startswith(made["prefix"])
    assert made["key"].endswith(made["last_four"])
    assert made["scopes"] == ["jobs:read", "jobs:write"]
    assert made["rate_limit"] == 100
    assert made["is_active"] is True
    assert use(anybody, made["key"]).status_code == 200
    bearer = {"authorization": f"Bearer {made['key']}"}
    assert anybody.get(STATUS, headers=bearer).status_code == 200
    shown = data_of(person.get(f"{KEYS}/{made['id']}"))
    assert "key" not in shown
    assert made["key"] not in person.get(KEYS).text


def test_a_removed_key_stops_at_once(person: httpx.Client, anybody: httpx.Client) -> None:
    """The very next request with it is refused."""
    made = make(person)
    assert use(anybody, made["key"]).status_code == 200
    removed = person.delete(f"{KEYS}/{made['id']}")
    assert (removed.status_code, removed.content) == (204, b"")
    refused(use(anybody, made["key"]), 401, "API_KEY_INVALID")
    refused(person.get(f"{KEYS}/{made['id']}"), 404, "API_KEY_NOT_FOUND")
    refused(person.delete(f"{KEYS}/{made['id']}"), 404, "API_KEY_NOT_FOUND")


def test_a_key_can_be_switched_off_and_on(person: httpx.Client, anybody: httpx.Client) -> None:
    """PATCH changes the fields that are present and no others, in force at once."""
    made = make(person, rate_limit=1000)
    path = f"{KEYS}/{made['id']}"
    off = data_of(person.patch(path, json={"is_active": False, "name": "renamed"}))
    assert (off["is_active"], off["name"], off["rate_limit"]) == (False, "renamed", 1000)
    refused(use(anybody, made["key"]), 401, "API_KEY_INACTIVE")
    data_of(person.patch(path, json={"is_active": True}))
    assert use(anybody, made["key"]).status_code == 200


def test_scopes_are_what_a_key_may_do(person: httpx.Client, anybody: httpx.Client) -> None:
    """A key for reading can't post a job; the answer names the scope that it lacks."""
    made = make(person, scopes=["jobs:read"])
    assert use(anybody, made["key"], JOBS).status_code == 200
    headers = {"x-api-key": made["key"]}
    body = {"language": "python", "code": "print(1)"}
    error = refused(anybody.post(EXECUTE, headers=headers, json=body), 403, "SCOPE_MISSING")
    assert "jobs:write" in error["message"]


def test_a_keys_limit_is_kept(person: httpx.Client, anybody: httpx.Client) -> None:
    """Beyond it, 429 says when to come back; other keys go on."""
    made, other = make(person, rate_limit=3), make(person)
    answers = [use(anybody, made["key"]) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["x-ratelimit-limit"] == "3"
    refused(answers[3], 429, "RATE_LIMITED")
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert use(anybody, other["key"]).status_code == 200


def test_keys_are_listed_page_by_page(person: httpx.Client) -> None:
    """Newest first, with a cursor to the next page."""
    made = [make(person)["id"] for _ in range(3)]
    seen: list[str] = []
    cursor = ""
    while not set(made) <= set(seen):
        page = person.get(KEYS, params={"limit": 2, "cursor": cursor}).json()
        assert page["pagination"]["count"] == len(page["data"])
        seen += [key["id"] for key in page["data"]]
        cursor = page["pagination"]["next_cursor"]
    assert seen == sorted(set(seen), reverse=True)


def test_keys_of_somebody_else_do_not_exist(
    person: httpx.Client, stranger: httpx.Client, anybody: httpx.Client
) -> None:
    """Neither to see, nor to change, nor to remove; the key goes on working."""
    made = make(person)
    path = f"{KEYS}/{made['id']}"
    refused(stranger.get(path), 404, "API_KEY_NOT_FOUND")
    refused(stranger.patch(path, json={"is_active": False}), 404, "API_KEY_NOT_FOUND")
    refused(stranger.delete(path), 404, "API_KEY_NOT_FOUND")
    assert made["id"] not in stranger.get(KEYS).text
    assert use(anybody, made["key"]).status_code == 200


def test_the_owner_of_a_key_owns_its_jobs(stranger: httpx.Client, api: httpx.Client) -> None:
    """Another user's key makes jobs that the first user can't see."""
    key = make(stranger)["key"]
    body = {"language": "python", "code": "print(1)", "wait": 60}
    posted = api.post(EXECUTE, headers={"x-api-key": key}, json=body)
    job_id = data_of(posted, 201)["job_id"]
    refused(api.get(f"{JOBS}/{job_id}"), 404, "JOB_NOT_FOUND")
    assert data_of(stranger.get(f"/api/v1/jobs/{job_id}"))["stdout"] == "1\n"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 101},
        {"name": "nul \0"},
        {"name": "x", "scopes": ["keys:write"]},
        {"name": "x", "scopes": ["admin"]},
        {"name": "x", "rate_limit": 0},
        {"name": "x", "rate_limit": 1_000_001},
        {"name": "x", "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "expires_at": "0001-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_a_wrong_key_is_not_made(person: httpx.Client, fields: dict[str, object]) -> None:
    """What is wrong is named, field by field."""
    error = refused(person.post(KEYS, json=fields), 400, "VALIDATION_FAILED")
    assert error["details"][1]["field_violations"]


def test_an_unknown_key_is_not_found(person: httpx.Client) -> None:
    """The same answer for an id that nobody has and for a text that is none."""
    for key_id in (NOBODYS_ID, "nonsense"):
        refused(person.get(f"{KEYS}/{key_id}"), 404, "API_KEY_NOT_FOUND")
        refused(person.patch(f"{KEYS}/{key_id}", json={}), 404, "API_KEY_NOT_FOUND")
