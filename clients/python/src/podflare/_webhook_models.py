"""Events of a tenant and its webhooks, as the server sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ._models import number_of, text_of, whole_of

WebhookState = Literal["active", "disabled"]


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """Something that happened to a sandbox or one of its runs.

    >>> next(iter(client.list_events(types=["run.ended"]))).data["exit_code"]
    0
    """

    seq: int
    """Events of a tenant are numbered without gaps."""
    id: str
    """Webhooks send it as ``webhook-id``."""
    type: str
    """``sandbox.created``, ``sandbox.ended``, ``sandbox.lost``, ``run.started`` or ``run.ended``."""
    ts: int = 0
    """When it happened, in milliseconds since 1970."""
    sandbox_id: str = ""
    run_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """More about it. It never has code or output."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> FeedEvent:
        data = body.get("data")
        return cls(
            seq=int(body["seq"]),
            id=str(body.get("id", "")),
            type=str(body["type"]),
            ts=whole_of(body, "ts") or 0,
            sandbox_id=str(body.get("sandbox_id", "")),
            run_id=text_of(body, "run_id"),
            data=data if isinstance(data, dict) else {},
        )


@dataclass(frozen=True, slots=True)
class FeedPage:
    """One page of events."""

    events: tuple[FeedEvent, ...]
    next_after: int

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> FeedPage:
        return cls(tuple(FeedEvent.parse(item) for item in body["events"]), int(body["next_after"]))


@dataclass(frozen=True, slots=True)
class WebhookInfo:
    """A webhook, without its secret.

    >>> client.webhooks.get("whk_…").state
    'active'
    """

    id: str
    url: str
    events: tuple[str, ...] = ()
    """Types of events, or groups such as ``run.*``."""
    description: str = ""
    state: str = ""
    """``active`` or ``disabled``."""
    disabled_because: str | None = None
    created_at: str | None = None
    """RFC 3339."""
    pending: int = 0
    """Deliveries that wait for an attempt."""
    skipped: int = 0
    """Events that were no longer kept when it could have been called with them."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> WebhookInfo:
        return cls(**_webhook_fields(body))


@dataclass(frozen=True, slots=True)
class NewWebhook(WebhookInfo):
    """A webhook with a new secret.

    >>> client.webhooks.create("https://example.com/podflare", ["run.ended"]).secret[:6]
    'whsec_'
    """

    secret: str = field(default="", repr=False)
    """What signs the calls. The server shows it only once, and ``repr`` and ``raw`` do not contain it."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> NewWebhook:
        return cls(secret=str(body["secret"]), **_webhook_fields({name: value for name, value in body.items() if name != "secret"}))


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """One call of a webhook."""

    at: str
    """RFC 3339."""
    outcome: str
    """The status of the response, or ``timeout``, ``connect`` or ``address_refused``."""
    milliseconds: float = 0


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One event on its way to a webhook."""

    event_id: str
    event_seq: int | None
    """None for a test."""
    type: str
    state: str
    """``pending``, ``delivered`` or ``failed``."""
    attempts: tuple[WebhookAttempt, ...] = ()
    next_at: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> WebhookDelivery:
        return cls(
            event_id=str(body["event_id"]),
            event_seq=whole_of(body, "event_seq"),
            type=str(body.get("type", "")),
            state=str(body.get("state", "")),
            attempts=tuple(WebhookAttempt(str(item.get("ts", "")), str(item.get("outcome", "")), number_of(item, "ms") or 0) for item in body.get("attempts", ())),
            next_at=text_of(body, "next_at"),
        )


def webhooks_of(body: Mapping[str, Any]) -> list[WebhookInfo]:
    return [WebhookInfo.parse(item) for item in body["webhooks"]]


def deliveries_of(body: Mapping[str, Any]) -> list[WebhookDelivery]:
    return [WebhookDelivery.parse(item) for item in body["deliveries"]]


def _webhook_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    events = body.get("events")
    return {
        "id": str(body["id"]),
        "url": str(body.get("url", "")),
        "events": tuple(map(str, events)) if isinstance(events, list) else (),
        "description": str(body.get("description", "")),
        "state": str(body.get("state", "")),
        "disabled_because": text_of(body, "disabled_because"),
        "created_at": text_of(body, "created_at"),
        "pending": whole_of(body, "pending") or 0,
        "skipped": whole_of(body, "skipped") or 0,
        "raw": body,
    }
