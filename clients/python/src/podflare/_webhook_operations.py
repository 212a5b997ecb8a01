"""The operations of events and webhooks, and their requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from . import _arguments as arguments
from . import _calls as calls
from ._operations import ClientOperations
from ._requests import Request, get, headers_of, send_json, with_query
from ._steps import Answer, Call
from ._trace import Trace
from ._webhook_models import FeedPage, NewWebhook, WebhookDelivery, WebhookInfo, deliveries_of, webhooks_of

# Shorter than what proxies allow a response to take.
WAIT_SECONDS = 20

_WEBHOOKS = "/v1/webhooks"


def feed_page(client: ClientOperations, *, after: int, types: Iterable[str] | None, sandbox_id: str | None, limit: int | None, wait: bool) -> Call[FeedPage]:
    query = {
        "after": arguments.whole("after", after, "events", least=0),
        "limit": arguments.whole("page_size", limit, "events"),
        "types": None if types is None else ",".join(arguments.words("types", types)),
        "sandbox": None if sandbox_id is None else arguments.identifier("sandbox_id", sandbox_id, "sbx_"),
        "wait": WAIT_SECONDS if wait else None,
    }
    return calls.call_json(get(with_query("/v1/events", query), client.trace()), FeedPage.parse, client.settings.retry)


class WebhookOperations:
    """Operations on webhooks."""

    def __init__(self, client: ClientOperations) -> None:
        self._client = client

    def create(self, url: str, events: Iterable[str], *, description: str | None) -> Call[NewWebhook]:
        body = {"url": arguments.text("url", url), "events": arguments.words("events", events), "description": _text("description", description)}
        # The secret is only in the answer: a repetition would leave a webhook whose secret nobody has.
        return calls.call_json(send_json("POST", _WEBHOOKS, body, self._trace, is_idempotent=False), NewWebhook.parse, self._client.settings.retry)

    def all(self) -> Call[list[WebhookInfo]]:
        return calls.call_json(get(_WEBHOOKS, self._trace), webhooks_of, self._client.settings.retry)

    def get(self, webhook_id: str) -> Call[WebhookInfo]:
        return calls.call_json(get(_webhook(webhook_id), self._trace), WebhookInfo.parse, self._client.settings.retry)

    def update(
        self, webhook_id: str, *, url: str | None, events: Iterable[str] | None, description: str | None, state: str | None
    ) -> Call[WebhookInfo]:
        body = {
            "url": _text("url", url),
            "events": None if events is None else arguments.words("events", events),
            "description": _text("description", description),
            "state": arguments.word("state", state, "active", "disabled"),
        }
        if all(value is None for value in body.values()):
            raise TypeError("update needs at least one of url, events, description and state")
        return calls.call_json(send_json("PATCH", _webhook(webhook_id), body, self._trace), WebhookInfo.parse, self._client.settings.retry)

    def rotate(self, webhook_id: str) -> Call[NewWebhook]:
        return calls.call_json(send_json("POST", f"{_webhook(webhook_id)}/rotate", {}, self._trace, is_idempotent=False), NewWebhook.parse, self._client.settings.retry)

    def delete(self, webhook_id: str) -> Call[Answer]:
        return self._client.call(Request("DELETE", _webhook(webhook_id), headers_of(self._trace)))

    def test(self, webhook_id: str) -> Call[Answer]:
        return self._client.call(send_json("POST", f"{_webhook(webhook_id)}/test", {}, self._trace))

    def deliveries(self, webhook_id: str) -> Call[list[WebhookDelivery]]:
        return calls.call_json(get(f"{_webhook(webhook_id)}/deliveries", self._trace), deliveries_of, self._client.settings.retry)

    def replay(self, webhook_id: str, event_seq: int) -> Call[Answer]:
        seq = arguments.whole("event_seq", event_seq, "events")
        return self._client.call(send_json("POST", f"{_webhook(webhook_id)}/deliveries/{seq}/replay", {}, self._trace))

    @property
    def _trace(self) -> Trace | None:
        return self._client.trace()


def _webhook(webhook_id: str) -> str:
    return f"{_WEBHOOKS}/{quote(arguments.identifier('webhook_id', webhook_id, 'whk_'), safe='')}"


def _text(name: str, value: Any) -> str | None:
    return None if value is None else arguments.text(name, value)
