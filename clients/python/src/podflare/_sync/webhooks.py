# Generated from ../_async/webhooks.py by unasync.py. Do not edit.
"""The webhooks of a tenant, in blocking code."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .._webhook_models import NewWebhook, WebhookDelivery, WebhookInfo, WebhookState
from .._webhook_operations import WebhookOperations

if TYPE_CHECKING:
    from .administration import Administration


class Webhooks:
    """Calls that tell a tenant's own programs of events. All methods need a key with the scope ``keys``; without it they raise InsufficientScopeError."""

    def __init__(self, client: Administration) -> None:
        self._client = client
        self._operations = WebhookOperations(client._operations)

    def create(self, url: str, events: Iterable[str], *, description: str | None = None) -> NewWebhook:
        """Creates a webhook. Only the result has its ``secret``.

        url: an https address of the public internet. events: types of events, or groups such as ``run.*``; ``*`` for all.
        Raises AddressRefusedError, WebhookQuotaExceededError, and NotOfferedError on a server without a key for secrets. It is not
        repeated if the answer is lost: delete the webhook whose secret nobody has then.

        >>> webhook = client.webhooks.create("https://example.com/podflare", ["run.ended", "sandbox.*"])
        """
        return self._client._run(self._operations.create(url, events, description=description))

    def list(self) -> builtins.list[WebhookInfo]:
        """The webhooks of the tenant, oldest first.

        >>> disabled = [webhook for webhook in client.webhooks.list() if webhook.state == "disabled"]
        """
        return self._client._run(self._operations.all())

    def get(self, webhook_id: str) -> WebhookInfo:
        """Describes a webhook. Raises WebhookNotFoundError.

        >>> (client.webhooks.get("whk_…")).pending
        0
        """
        return self._client._run(self._operations.get(webhook_id))

    def update(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        events: Iterable[str] | None = None,
        description: str | None = None,
        state: WebhookState | None = None,
    ) -> WebhookInfo:
        """Changes a webhook. What is None stays as it is. One that becomes active again is called with what waited and with what came meanwhile.

        Raises WebhookNotFoundError and AddressRefusedError.

        >>> client.webhooks.update("whk_…", state="active")
        """
        return self._client._run(self._operations.update(webhook_id, url=url, events=events, description=description, state=state))

    def rotate(self, webhook_id: str) -> NewWebhook:
        """Draws a new secret. For 24 hours, calls are signed with the old one too. Only the result has the ``secret``.

        Raises WebhookNotFoundError. It is not repeated if the answer is lost.

        >>> secret = (client.webhooks.rotate("whk_…")).secret
        """
        return self._client._run(self._operations.rotate(webhook_id))

    def delete(self, webhook_id: str) -> None:
        """Deletes a webhook. What waits for it is not sent any more. Raises WebhookNotFoundError.

        >>> client.webhooks.delete("whk_…")
        """
        self._client._run(self._operations.delete(webhook_id))

    def test(self, webhook_id: str) -> None:
        """Sends one message of the type ``webhook.test``, once. ``deliveries`` shows what came of it.

        Raises WebhookNotFoundError and WebhookDisabledError.

        >>> client.webhooks.test("whk_…")
        """
        self._client._run(self._operations.test(webhook_id))

    def deliveries(self, webhook_id: str) -> builtins.list[WebhookDelivery]:
        """The deliveries that wait, and the last 100 that do not, newest first. Raises WebhookNotFoundError.

        >>> [delivery.state for delivery in client.webhooks.deliveries("whk_…")]
        ['delivered']
        """
        return self._client._run(self._operations.deliveries(webhook_id))

    def replay(self, webhook_id: str, event_seq: int) -> None:
        """Delivers an event of ``deliveries`` once more, with the same ``webhook-id``.

        Raises WebhookNotFoundError, DeliveryNotFoundError, WebhookDisabledError, and EventsEvictedError if the event is no longer kept.

        >>> client.webhooks.replay("whk_…", 812)
        """
        self._client._run(self._operations.replay(webhook_id, event_seq))
