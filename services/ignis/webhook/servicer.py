"""WebhookService over gRPC: messages in, messages out."""

from ignis.server.context import current_identity
from ignis.server.times import timestamp
from ignis.v1 import common_pb2, webhook_pb2
from ignis.v1.webhook_pb2_grpc import WebhookServiceServicer
from ignis.webhook.models import Changes, NewWebhook, Webhook
from ignis.webhook.service import Webhooks


class WebhookServicer(WebhookServiceServicer):
    """Answers for the caller's own endpoints."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def CreateWebhook(
        self, request: webhook_pb2.CreateWebhookRequest, _context: object
    ) -> webhook_pb2.CreateWebhookResponse:
        """Make an endpoint; this answer alone has its secret."""
        caller = current_identity()
        new = NewWebhook(request.url, tuple(request.events), request.description)
        webhook = await self._webhooks.create(caller.user, new, caller.nonce)
        data = _message(webhook)
        data.secret = webhook.shown_secret
        return webhook_pb2.CreateWebhookResponse(data=data)

    async def ListWebhooks(
        self, request: webhook_pb2.ListWebhooksRequest, _context: object
    ) -> webhook_pb2.ListWebhooksResponse:
        """List endpoints, newest first."""
        page = await self._webhooks.list(current_identity().user, request.limit, request.cursor)
        return webhook_pb2.ListWebhooksResponse(
            data=[_message(webhook) for webhook in page.webhooks],
            pagination=common_pb2.Pagination(
                limit=page.limit, count=len(page.webhooks), next_cursor=page.next_cursor
            ),
        )

    async def GetWebhook(
        self, request: webhook_pb2.GetWebhookRequest, _context: object
    ) -> webhook_pb2.GetWebhookResponse:
        """Get an endpoint."""
        webhook = await self._webhooks.get(current_identity().user, request.id)
        return webhook_pb2.GetWebhookResponse(data=_message(webhook))

    async def UpdateWebhook(
        self, request: webhook_pb2.UpdateWebhookRequest, _context: object
    ) -> webhook_pb2.UpdateWebhookResponse:
        """Change the fields that are present."""
        changes = Changes(
            url=request.url if request.HasField("url") else None,
            events=tuple(request.events) or None,
            description=request.description if request.HasField("description") else None,
            is_active=request.is_active if request.HasField("is_active") else None,
        )
        webhook = await self._webhooks.update(current_identity().user, request.id, changes)
        return webhook_pb2.UpdateWebhookResponse(data=_message(webhook))

    async def DeleteWebhook(
        self, request: webhook_pb2.DeleteWebhookRequest, _context: object
    ) -> webhook_pb2.DeleteWebhookResponse:
        """Remove an endpoint."""
        await self._webhooks.delete(current_identity().user, request.id)
        return webhook_pb2.DeleteWebhookResponse()


def _message(webhook: Webhook) -> webhook_pb2.Webhook:
    return webhook_pb2.Webhook(
        id=webhook.id,
        url=webhook.url,
        events=webhook.events,
        description=webhook.description,
        is_active=webhook.is_active,
        created_at=timestamp(webhook.created_at),
        updated_at=timestamp(webhook.updated_at),
    )
