"""Webhook endpoints, and the deliveries that are written down for them."""

from typing import Any

import asyncpg
import httpx
import pytest
from tests.e2e.conftest import Running
from tests.e2e.jobs import run
from tests.e2e.shape import data_of, refused
from tests.waiting import until

WEBHOOKS = "/api/v1/webhooks"
URL = "https://hooks.example.com/ignis"
NOBODYS_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def make(person: httpx.Client, *events: str, url: str = URL) -> dict[str, Any]:
    """Make an endpoint."""
    body = {"url": url, "events": events}
    made: dict[str, Any] = data_of(person.post(WEBHOOKS, json=body), 201)
    return made


def test_an_endpoint_lives_from_post_to_delete(person: httpx.Client) -> None:
    """It shows its secret once, changes where it is told to, and is gone afterwards."""
    made = make(person, "job.completed")
    path = f"{WEBHOOKS}/{made['id']}"
    assert made["secret"].startswith("whsec_")
    assert (made["url"], made["events"], made["is_active"]) == (URL, ["job.completed"], True)
    shown = data_of(person.get(path))
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert shown in data_of(person.get(WEBHOOKS, params={"limit": 100}))

    changed = data_of(person.patch(path, json={"description": "mine", "is_active": False}))
    assert (changed["description"], changed["is_active"]) == ("mine", False)
    assert (changed["url"], changed["events"]) == (URL, ["job.completed"])

    assert person.delete(path).status_code == 204
    refused(person.get(path), 404, "WEBHOOK_NOT_FOUND")
    refused(person.delete(path), 404, "WEBHOOK_NOT_FOUND")


def test_endpoints_of_somebody_else_do_not_exist(
    person: httpx.Client, stranger: httpx.Client
) -> None:
    """Neither to see, nor to change, nor to remove."""
    made = make(person, "job.*")
    path = f"{WEBHOOKS}/{made['id']}"
    refused(stranger.get(path), 404, "WEBHOOK_NOT_FOUND")
    refused(stranger.patch(path, json={"url": "https://evil.example"}), 404, "WEBHOOK_NOT_FOUND")
    refused(stranger.delete(path), 404, "WEBHOOK_NOT_FOUND")
    assert made["id"] not in stranger.get(WEBHOOKS, params={"limit": 100}).text
    assert person.delete(path).status_code == 204


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"url": URL},
        {"url": URL, "events": []},
        {"url": URL, "events": ["job.unknown"]},
        {"url": "file:///etc/passwd", "events": ["job.*"]},
        {"url": "https://user:password@example.com/", "events": ["job.*"]},
        {"url": "https://example.com:99999/", "events": ["job.*"]},
        {"url": "https://example.com/\0", "events": ["job.*"]},
        {"url": "https://" + "x" * 2048, "events": ["job.*"]},
        {"url": URL, "events": ["job.*"], "description": "nul \0"},
    ],
    ids=lambda fields: str(fields)[:60],
)
def test_a_wrong_endpoint_is_not_made(person: httpx.Client, fields: dict[str, object]) -> None:
    """What is wrong is named, field by field."""
    error = refused(person.post(WEBHOOKS, json=fields), 400, "VALIDATION_FAILED")
    assert error["details"][1]["field_violations"]


def test_an_unknown_endpoint_is_not_found(person: httpx.Client) -> None:
    """The same answer for an id that nobody has and for a text that is none."""
    for webhook_id in (NOBODYS_ID, "nonsense"):
        refused(person.get(f"{WEBHOOKS}/{webhook_id}"), 404, "WEBHOOK_NOT_FOUND")


async def test_each_event_of_a_job_is_written_down_once_for_each_endpoint(
    stack: Running, api: httpx.Client, person: httpx.Client, stranger: httpx.Client
) -> None:
    """An endpoint gets the events that it asked for, of its owner's jobs, and no other."""
    everything, ends = make(person, "job.*"), make(person, "job.failed")
    strangers = make(stranger, "job.*")
    job = run(api, "raise SystemExit(1)")
    database = await asyncpg.connect(stack.facts["database_url"])

    async def deliveries() -> list[tuple[str, str]]:
        rows = await database.fetch(
            "SELECT webhook_id, event_type FROM ignis.webhook_deliveries WHERE job_id = $1",
            job["job_id"],
        )
        return sorted((row["webhook_id"], row["event_type"]) for row in rows)

    async def are_there() -> bool:
        return len(await deliveries()) >= 3

    try:
        await until(are_there)
        assert await deliveries() == sorted(
            [
                (everything["id"], "job.failed"),
                (everything["id"], "job.started"),
                (ends["id"], "job.failed"),
            ]
        )
    finally:
        await database.close()
        for client, made in ((person, everything), (person, ends), (stranger, strangers)):
            assert client.delete(f"{WEBHOOKS}/{made['id']}").status_code == 204
