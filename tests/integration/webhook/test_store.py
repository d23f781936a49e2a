"""One contract for every store of the webhook service: PostgreSQL's and the tests' own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.database import open_pool
from tests.unit.webhook.factories import COMPLETED, NOON, WEBHOOK, event, webhook
from tests.unit.webhook.memory import MemoryDeliveries, MemoryWebhooks
from tests.waiting import until

from ignis.errors import Unavailable
from ignis.local.postgres import Database
from ignis.storage.migrate import migrate
from ignis.webhook.models import Changes, EventType
from ignis.webhook.service import DeliveryStore, WebhookStore
from ignis.webhook.store import PostgresDeliveries, PostgresWebhooks


@dataclass(frozen=True, slots=True)
class Stores:
    """Both stores, of one kind."""

    webhooks: WebhookStore
    deliveries: DeliveryStore


@pytest.fixture(name="stores", params=["memory", "postgres"])
async def stores_fixture(
    request: pytest.FixtureRequest, postgres: Database, schema: str
) -> AsyncIterator[Stores]:
    """Empty stores."""
    if request.param == "memory":
        webhooks = MemoryWebhooks()
        yield Stores(webhooks, MemoryDeliveries(webhooks))
        return
    async with open_pool(postgres, schema) as pool:
        await migrate(pool, schema, "webhook")
        yield Stores(PostgresWebhooks(pool), PostgresDeliveries(pool))


async def test_what_is_kept_comes_back_as_it_was(stores: Stores) -> None:
    """Every field of an endpoint survives, the secret's bytes and odd characters too."""
    odd = webhook(
        description="naïve 🔥 'quoted'\n", secret=bytes(range(32)), events=("job.*", "job.failed")
    )

    assert odd == await stores.webhooks.add(odd, "n1", 10)
    assert odd == await stores.webhooks.get("user_1", odd.id)


async def test_a_nonce_makes_one_endpoint(stores: Stores) -> None:
    """The same request of the same owner finds what it made; no nonce finds nothing."""
    first = webhook()

    assert first == await stores.webhooks.add(first, "n1", 2)
    assert first == await stores.webhooks.add(webhook(), "n1", 2)
    theirs = webhook(owner="user_2")
    assert theirs == await stores.webhooks.add(theirs, "n1", 2)
    second = webhook()
    assert second == await stores.webhooks.add(second, "", 2)
    assert await stores.webhooks.add(webhook(), "", 2) is None
    assert first == await stores.webhooks.add(webhook(), "n1", 2)


async def test_the_cap_holds_for_requests_at_once(stores: Stores) -> None:
    """Twenty requests at the same moment make five endpoints where five may be."""
    made = await asyncio.gather(*(stores.webhooks.add(webhook(), f"n{i}", 5) for i in range(20)))

    assert sum(kept is not None for kept in made) == 5
    assert len(await stores.webhooks.list("user_1", 100, "")) == 5


async def test_a_repeated_request_at_the_same_moment_makes_one(stores: Stores) -> None:
    """The gateway's repetition may overlap with the first try."""
    made = await asyncio.gather(*(stores.webhooks.add(webhook(), "n1", 5) for _ in range(8)))

    assert len({kept.id for kept in made if kept is not None}) == 1


async def test_lists_are_newest_first_and_ones_own(stores: Stores) -> None:
    """Ids go down, from below the cursor, up to the limit."""
    kept = [webhook(id=f"01KAR000000000000000000{i:03}") for i in range(4)]
    for one in kept:
        await stores.webhooks.add(one, "", 10)
    await stores.webhooks.add(webhook(owner="user_2"), "", 10)

    assert [kept[3], kept[2]] == list(await stores.webhooks.list("user_1", 2, ""))
    assert [kept[1], kept[0]] == list(await stores.webhooks.list("user_1", 9, kept[2].id))
    assert list(await stores.webhooks.list("user_3", 9, "")) == []


async def test_changes_touch_what_they_name(stores: Stores) -> None:
    """What is None stays; an empty description and `False` are values."""
    await stores.webhooks.add(replace(WEBHOOK, description="mine"), "", 10)
    later = NOON + timedelta(hours=1)
    changes = Changes(description="", is_active=False)

    expected = replace(WEBHOOK, description="", is_active=False, updated_at=later)
    assert expected == await stores.webhooks.update("user_1", WEBHOOK.id, changes, later)
    changes = Changes(url="https://other.example/", events=("job.failed",))
    expected = replace(expected, url="https://other.example/", events=("job.failed",))
    assert expected == await stores.webhooks.update("user_1", WEBHOOK.id, changes, later)
    assert expected == await stores.webhooks.get("user_1", WEBHOOK.id)


async def test_nobody_reaches_someone_elses(stores: Stores) -> None:
    """Another owner can't see, change or delete an endpoint."""
    await stores.webhooks.add(WEBHOOK, "", 10)

    assert await stores.webhooks.get("user_2", WEBHOOK.id) is None
    changes = Changes(url="https://other.example/")
    assert await stores.webhooks.update("user_2", WEBHOOK.id, changes, NOON) is None
    assert await stores.webhooks.delete("user_2", WEBHOOK.id) is False
    assert await stores.webhooks.get("user_1", WEBHOOK.id) == WEBHOOK


async def test_deleting_happens_once(stores: Stores) -> None:
    """The second deletion finds nothing."""
    await stores.webhooks.add(WEBHOOK, "", 10)

    assert await stores.webhooks.delete("user_1", WEBHOOK.id) is True
    assert await stores.webhooks.delete("user_1", WEBHOOK.id) is False
    assert await stores.webhooks.get("user_1", WEBHOOK.id) is None


async def test_an_event_goes_to_those_who_chose_it(stores: Stores) -> None:
    """Active endpoints of the owner with the event or `job.*` get it, nobody else."""
    for endpoint in (
        webhook(events=("job.completed", "job.failed")),
        webhook(events=("job.*",)),
        webhook(events=("job.*", "job.completed")),
        webhook(events=("job.failed",)),
        webhook(is_active=False),
        webhook(owner="user_2"),
    ):
        await stores.webhooks.add(endpoint, "", 10)

    assert await stores.deliveries.add(COMPLETED, b"{}") == 3
    assert await stores.deliveries.add(event(type=EventType.JOB_STARTED), b"{}") == 2


async def test_an_event_is_kept_once_for_each(stores: Stores) -> None:
    """Told again, also as another end, it adds nothing; an endpoint that is new gets it."""
    await stores.webhooks.add(webhook(), "", 10)

    assert await stores.deliveries.add(COMPLETED, b"{}") == 1
    assert await stores.deliveries.add(COMPLETED, b"{}") == 0
    assert await stores.deliveries.add(event(type=EventType.JOB_FAILED), b"{}") == 0
    await stores.webhooks.add(webhook(), "", 10)
    assert await stores.deliveries.add(COMPLETED, b"{}") == 1


async def test_replicas_at_once_keep_one(stores: Stores) -> None:
    """The same event in ten hands at the same moment makes one delivery per endpoint."""
    await stores.webhooks.add(webhook(), "", 10)
    await stores.webhooks.add(webhook(), "", 10)
    added = await asyncio.gather(*(stores.deliveries.add(COMPLETED, b"{}") for _ in range(10)))

    assert sum(added) == 2


async def test_the_old_is_forgotten_in_batches(stores: Stores) -> None:
    """No more than asked for goes at once, and nothing that is newer."""
    await stores.webhooks.add(webhook(), "", 10)
    for i in range(5):
        await stores.deliveries.add(event(job_id=f"01KAR000000000000000000{i:03}"), b"{}")
    now = datetime.now(UTC)

    assert await stores.deliveries.forget(now - timedelta(hours=1), 10) == 0
    assert await stores.deliveries.forget(now + timedelta(hours=1), 3) == 3
    assert await stores.deliveries.forget(now + timedelta(hours=1), 3) == 2


async def test_the_row_has_what_will_be_sent(postgres: Database, schema: str) -> None:
    """A delivery waits with its body byte for byte, and goes with its endpoint."""
    async with open_pool(postgres, schema) as pool:
        await migrate(pool, schema, "webhook")
        webhooks, deliveries = PostgresWebhooks(pool), PostgresDeliveries(pool)
        await webhooks.add(WEBHOOK, "", 10)
        await deliveries.add(COMPLETED, b'{"a":"\xc3\xa9\\u0000"}')
        row = await pool.fetchrow(
            "SELECT webhook_id, event_id, event_type, job_id, payload, status, occurred_at"
            " FROM webhook_deliveries"
        )

        assert row is not None
        assert tuple(row) == (
            WEBHOOK.id,
            COMPLETED.id,
            "job.completed",
            COMPLETED.job_id,
            b'{"a":"\xc3\xa9\\u0000"}',
            "pending",
            COMPLETED.occurred_at,
        )
        await webhooks.delete("user_1", WEBHOOK.id)
        assert await pool.fetchval("SELECT count(*) FROM webhook_deliveries") == 0


async def test_an_endpoint_that_is_deleted_meanwhile_is_left_out(
    postgres: Database, schema: str
) -> None:
    """An event that comes while an endpoint is being deleted goes to the others, without error."""
    async with open_pool(postgres, schema) as pool:
        await migrate(pool, schema, "webhook")
        webhooks, deliveries = PostgresWebhooks(pool), PostgresDeliveries(pool)
        await webhooks.add(WEBHOOK, "", 10)
        await webhooks.add(webhook(), "", 10)
        async with pool.acquire() as connection:
            async with connection.transaction():
                await connection.execute("DELETE FROM webhooks WHERE id = $1", WEBHOOK.id)
                adding = asyncio.create_task(deliveries.add(COMPLETED, b"{}"))

                async def somebody_waits() -> bool:
                    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                    return bool(await connection.fetchval(waiting))

                await until(somebody_waits)

            assert await adding == 1


async def test_a_database_that_is_away_is_said_so(postgres: Database, schema: str) -> None:
    """Every method tells the domain that the database is away, and nothing of the driver's."""
    async with open_pool(postgres, schema) as pool:
        await migrate(pool, schema, "webhook")
    webhooks, deliveries = PostgresWebhooks(pool), PostgresDeliveries(pool)
    for call in (
        webhooks.add(WEBHOOK, "", 10),
        webhooks.list("user_1", 10, ""),
        webhooks.get("user_1", WEBHOOK.id),
        webhooks.update("user_1", WEBHOOK.id, Changes(), NOON),
        webhooks.delete("user_1", WEBHOOK.id),
        deliveries.add(COMPLETED, b"{}"),
        deliveries.forget(NOON, 10),
    ):
        with pytest.raises(Unavailable):
            await call
