"""Endpoints of users, and what has to be sent to them, on stores in memory."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.webhook.factories import event, webhook
from tests.unit.webhook.memory import MemoryDeliveries, MemoryWebhooks

from ignis.errors import IgnisError, InvalidArgument, NotFound, ResourceExhausted
from ignis.webhook import service
from ignis.webhook.models import Changes, EventType, NewWebhook, Rules
from ignis.webhook.service import Deliveries, Webhooks

NEW = NewWebhook("https://example.com/hook", ("job.completed",), "mine")


@pytest.fixture(name="store")
def store_fixture() -> MemoryWebhooks:
    """An empty store."""
    return MemoryWebhooks()


@pytest.fixture(name="webhooks")
def webhooks_fixture(store: MemoryWebhooks) -> Webhooks:
    """A service that allows three endpoints."""
    return Webhooks(store, Rules(max_endpoints=3, development=False))


async def test_an_endpoint_is_made_as_asked(webhooks: Webhooks) -> None:
    """A new endpoint is active, and has what its owner asked for."""
    made = await webhooks.create("user_1", NEW, "n1")

    assert (NEW.url, NEW.events, "mine") == (made.url, made.events, made.description)
    assert made.is_active
    assert made == await webhooks.get("user_1", made.id)


async def test_every_endpoint_has_a_secret_of_its_own(webhooks: Webhooks) -> None:
    """Secrets are 32 random bytes."""
    secrets = {(await webhooks.create("user_1", NEW, f"n{i}")).secret for i in range(3)}

    assert [len(secret) for secret in secrets] == [32, 32, 32]


async def test_a_wrong_endpoint_is_not_kept(webhooks: Webhooks, store: MemoryWebhooks) -> None:
    """What is refused leaves nothing behind."""
    with pytest.raises(InvalidArgument):
        await webhooks.create("user_1", NewWebhook("http://example.com", ()), "n1")

    assert store.kept == {}


async def test_a_repeated_request_makes_one_endpoint(webhooks: Webhooks) -> None:
    """When the gateway repeats a request, its second answer is the first one's."""
    first = await webhooks.create("user_1", NEW, "n1")

    assert first == await webhooks.create("user_1", NEW, "n1")
    assert (await webhooks.create("user_2", NEW, "n1")).owner == "user_2"


async def test_one_user_has_so_many_endpoints_and_no_more(webhooks: Webhooks) -> None:
    """The cap is each user's own, and deleting makes room."""
    made = [await webhooks.create("user_1", NEW, f"n{i}") for i in range(3)]
    with pytest.raises(ResourceExhausted, match="3 webhooks"):
        await webhooks.create("user_1", NEW, "n4")

    await webhooks.create("user_2", NEW, "n4")
    await webhooks.delete("user_1", made[0].id)
    await webhooks.create("user_1", NEW, "n5")


async def test_a_list_goes_page_by_page(webhooks: Webhooks, store: MemoryWebhooks) -> None:
    """Every endpoint is on one page, newest first; the last page has no cursor."""
    kept = [webhook(id=f"01KAR000000000000000000{i:03}") for i in range(5)]
    for one in kept:
        await store.add(one, "", 10)

    first = await webhooks.list("user_1", 2, "")
    second = await webhooks.list("user_1", 2, first.next_cursor)
    last = await webhooks.list("user_1", 2, second.next_cursor)

    assert (*first.webhooks, *second.webhooks, *last.webhooks) == tuple(reversed(kept))
    assert last.next_cursor == ""


async def test_a_full_last_page_has_no_cursor(webhooks: Webhooks) -> None:
    """A page that ends exactly with the last endpoint doesn't promise another."""
    await webhooks.create("user_1", NEW, "n1")
    page = await webhooks.list("user_1", 1, "")

    assert (len(page.webhooks), page.next_cursor) == (1, "")


async def test_changes_change_nothing_else(webhooks: Webhooks) -> None:
    """A field that isn't named stays as it is."""
    made = await webhooks.create("user_1", NEW, "n1")
    changed = await webhooks.update("user_1", made.id, Changes(is_active=False))

    assert not changed.is_active
    assert (made.url, made.events, made.description, made.secret) == (
        changed.url,
        changed.events,
        changed.description,
        changed.secret,
    )
    assert changed.updated_at > made.updated_at


async def test_a_change_of_nothing_leaves_the_time_alone(webhooks: Webhooks) -> None:
    """An empty PATCH answers with the endpoint as it is."""
    made = await webhooks.create("user_1", NEW, "n1")

    assert made == await webhooks.update("user_1", made.id, Changes())


@pytest.mark.parametrize("missing", ["theirs", "01KAR0000000000000000000ZZ", "", "x", "a\0b"])
async def test_what_isnt_ones_own_isnt_there(webhooks: Webhooks, missing: str) -> None:
    """Someone else's endpoint, one that never was, and no id at all get the same answer."""
    theirs = await webhooks.create("user_2", NEW, "n1")
    webhook_id = theirs.id if missing == "theirs" else missing
    told: list[IgnisError] = []
    for call in (
        webhooks.get("user_1", webhook_id),
        webhooks.update("user_1", webhook_id, Changes(description="x")),
        webhooks.update("user_1", webhook_id, Changes()),
        webhooks.delete("user_1", webhook_id),
    ):
        with pytest.raises(NotFound) as caught:
            await call
        told.append(caught.value)

    assert {"WEBHOOK_NOT_FOUND"} == {error.reason for error in told}
    assert theirs == await webhooks.get("user_2", theirs.id)


async def test_an_event_is_written_down_once() -> None:
    """The same event twice makes one delivery for each endpoint that chose it."""
    endpoints = MemoryWebhooks()
    for events in (("job.completed",), ("job.*",), ("job.failed",)):
        await endpoints.add(webhook(events=events), "", 10)
    deliveries = Deliveries(MemoryDeliveries(endpoints), timedelta(days=1))

    assert await deliveries.record(event()) == 2
    assert await deliveries.record(event()) == 0
    assert await deliveries.record(event(type=EventType.JOB_STARTED)) == 1


async def test_all_that_is_old_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, the old ones go and the new ones stay."""
    monkeypatch.setattr(service, "CLEANUP_BATCH", 2)
    endpoints = MemoryWebhooks()
    store = MemoryDeliveries(endpoints)
    now = datetime.now(UTC)
    for age in range(7):
        store.kept["w", f"{age}"] = (b"", now - timedelta(days=age, seconds=1))
    deliveries = Deliveries(store, timedelta(days=2))

    assert await deliveries.forget_old(now) == 5
    assert {("w", "0"), ("w", "1")} == set(store.kept)
