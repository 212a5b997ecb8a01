"""Usage and entries of the audit log, as the server sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ._models import number_of, text_of, whole_of

UsageGroup = Literal["day", "key", "tenant"]


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What was used by one group: a day, a tenant, a key, or a combination of them. What is not grouped by is None."""

    sandboxes: int = 0
    """Sandboxes that were created."""
    sandbox_seconds: float = 0
    """How long sandboxes lived."""
    cpu_seconds: float = 0
    """The CPU time of their processes."""
    memory_gib_seconds: float = 0
    """Memory limit times lifetime, in GiB × s."""
    runs: int = 0
    """Runs that ended."""
    bytes_out: int = 0
    """Bytes of the events of those runs."""
    day: str | None = None
    """In UTC, such as ``2026-11-29``."""
    tenant: str | None = None
    key: str | None = None
    """The id of the key; None also for callers without a key."""
    key_name: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> UsageRow:
        return cls(
            sandboxes=whole_of(body, "sandboxes") or 0,
            sandbox_seconds=number_of(body, "sandbox_seconds") or 0,
            cpu_seconds=number_of(body, "cpu_seconds") or 0,
            memory_gib_seconds=number_of(body, "memory_gib_seconds") or 0,
            runs=whole_of(body, "runs") or 0,
            bytes_out=whole_of(body, "bytes_out") or 0,
            day=text_of(body, "day"),
            tenant=text_of(body, "tenant"),
            key=text_of(body, "key"),
            key_name=text_of(body, "key_name"),
        )


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What was used in a range of days.

    >>> client.usage(first_day="2026-11-01").total.cpu_seconds
    31.2
    """

    first_day: str
    last_day: str
    """The last day, included."""
    rows: tuple[UsageRow, ...]
    """In the order of days, tenants and keys."""
    total: UsageRow
    as_of: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> UsageReport:
        return cls(str(body["from"]), str(body["to"]), tuple(map(UsageRow.parse, body["rows"])), UsageRow.parse(body["total"]), text_of(body, "as_of"))


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of an audit log. ``raw`` is the complete entry, over which its hash is computed.

    >>> next(iter(client.list_audit_entries(action="key.revoke"))).actor_id
    'key_…'
    """

    seq: int
    """Entries of a tenant are numbered without gaps, from 1."""
    id: str
    at: str
    tenant: str
    action: str
    """Such as ``key.create`` or ``sandbox.end``."""
    actor_type: str | None = None
    actor_id: str | None = None
    """The id of the key that acted, or the subject of a token."""
    target_type: str | None = None
    target_id: str | None = None
    reason: str | None = None
    """Why a sandbox ended."""
    address: str | None = None
    """The address from which the request came."""
    user_agent: str | None = None
    trace_id: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    """By field: the value before and the value after."""
    prev: str = ""
    """The hash of the entry before."""
    hash: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> AuditEntry:
        actor, target, source = (_object(body, name) for name in ("actor", "target", "source"))
        return cls(
            seq=int(body["seq"]),
            id=str(body.get("id", "")),
            at=str(body["at"]),
            tenant=str(body.get("tenant", "")),
            action=str(body["action"]),
            actor_type=text_of(actor, "type"),
            actor_id=text_of(actor, "id"),
            target_type=text_of(target, "type"),
            target_id=text_of(target, "id"),
            reason=text_of(body, "reason"),
            address=text_of(source, "address"),
            user_agent=text_of(source, "user_agent"),
            trace_id=text_of(body, "trace_id"),
            changes=_object(body, "changes"),
            prev=str(body.get("prev", "")),
            hash=str(body.get("hash", "")),
            raw=body,
        )


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of an audit log."""

    entries: tuple[AuditEntry, ...]
    next_cursor: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> AuditPage:
        return cls(tuple(AuditEntry.parse(item) for item in body["entries"]), text_of(body, "next_cursor"))


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return value if isinstance(value, dict) else {}
