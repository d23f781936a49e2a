"""Messages in, messages out."""

from collections.abc import Iterator

import pytest
from tests.unit.webhook.memory import MemoryWebhooks

from ignis.server.context import set_identity
from ignis.server.identity import CredentialKind, Identity
from ignis.v1 import webhook_pb2
from ignis.webhook.models import Rules
from ignis.webhook.service import Webhooks
from ignis.webhook.servicer import WebhookServicer

URL = "https://example.com/hook"


@pytest.fixture(name="servicer")
def servicer_fixture() -> Iterator[WebhookServicer]:
    """A servicer that user_1 calls."""
    set_identity(Identity("user_1", CredentialKind.SESSION, frozenset(), nonce="n1"))
    yield WebhookServicer(Webhooks(MemoryWebhooks(), Rules(max_endpoints=5, development=False)))
    set_identity(None)


async def create(servicer: WebhookServicer) -> webhook_pb2.Webhook:
    """Make an endpoint."""
    request = webhook_pb2.CreateWebhookRequest(url=URL, events=["job.*"], description="mine")
    return (await servicer.CreateWebhook(request, None)).data


async def test_the_secret_is_shown_once(servicer: WebhookServicer) -> None:
    """Only the answer to the creation has the secret."""
    made = await create(servicer)
    got = await servicer.GetWebhook(webhook_pb2.GetWebhookRequest(id=made.id), None)
    listed = await servicer.ListWebhooks(webhook_pb2.ListWebhooksRequest(), None)
    changed = await servicer.UpdateWebhook(
        webhook_pb2.UpdateWebhookRequest(id=made.id, description="x"), None
    )

    assert made.secret.startswith("whsec_")
    shown = [got.data, listed.data[0], changed.data]
    assert [data.HasField("secret") for data in shown] == [False, False, False]


async def test_an_endpoint_is_answered_in_full(servicer: WebhookServicer) -> None:
    """Every field of an endpoint arrives in the message."""
    made = await create(servicer)
    got = (await servicer.GetWebhook(webhook_pb2.GetWebhookRequest(id=made.id), None)).data
    made.ClearField("secret")

    assert made == got
    assert (
        got.url,
        list(got.events),
        got.description,
        got.is_active,
    ) == (URL, ["job.*"], "mine", True)
    assert got.created_at == got.updated_at
    assert got.created_at.seconds > 0


async def test_a_list_says_where_it_stands(servicer: WebhookServicer) -> None:
    """The pagination has the limit that was used, the count and the cursor."""
    await create(servicer)
    listed = await servicer.ListWebhooks(webhook_pb2.ListWebhooksRequest(), None)

    pagination = listed.pagination
    assert (pagination.limit, pagination.count, pagination.next_cursor) == (20, 1, "")


async def test_absent_fields_stay_and_present_ones_change(servicer: WebhookServicer) -> None:
    """An empty description and `false` are present; no events are absent."""
    made = await create(servicer)
    request = webhook_pb2.UpdateWebhookRequest(id=made.id, description="", is_active=False)
    changed = (await servicer.UpdateWebhook(request, None)).data

    assert (changed.description, changed.is_active) == ("", False)
    assert (made.url, list(made.events)) == (changed.url, list(changed.events))


async def test_events_and_url_change(servicer: WebhookServicer) -> None:
    """Fields that are named take their new values."""
    made = await create(servicer)
    request = webhook_pb2.UpdateWebhookRequest(
        id=made.id, url="https://other.example/", events=["job.failed"]
    )
    changed = (await servicer.UpdateWebhook(request, None)).data

    assert (changed.url, list(changed.events)) == ("https://other.example/", ["job.failed"])


async def test_a_deleted_endpoint_is_gone(servicer: WebhookServicer) -> None:
    """After its removal an endpoint is on no list."""
    made = await create(servicer)
    await servicer.DeleteWebhook(webhook_pb2.DeleteWebhookRequest(id=made.id), None)

    listed = await servicer.ListWebhooks(webhook_pb2.ListWebhooksRequest(), None)
    assert list(listed.data) == []
