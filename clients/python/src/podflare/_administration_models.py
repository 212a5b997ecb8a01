"""Descriptions of API keys and tenants, as the server sends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Optional, TypedDict, cast

from ._models import text_of, whole_of

Scope = Literal["read", "sandboxes", "keys", "metrics:read", "admin"]
KeyState = Literal["active", "expired", "revoked"]
TenantState = Literal["active", "suspended"]


class TenantLimits(TypedDict, total=False):
    """The limits of a tenant. None stands for the server's default; in a change, a limit that is absent stays as it is.

    >>> limits: TenantLimits = {"sandboxes": 50, "running": None}
    """

    requests_per_second: Optional[float]
    """Requests in a second, on average."""
    request_burst: Optional[float]
    """Requests that may arrive at once."""
    creates_per_second: Optional[float]
    """Creates of sandboxes in a second, on average."""
    create_burst: Optional[float]
    """Creates that may arrive at once."""
    sandboxes: Optional[int]
    """Sandboxes at a time."""
    memory_mib: Optional[int]
    """The sum of the memory limits of the sandboxes, in MiB."""
    running: Optional[int]
    """Runs that are executed at the same time."""
    lifetime_seconds: Optional[float]
    """The longest lifetime of a sandbox, in seconds."""
    idle_seconds: Optional[float]
    """The longest idle timeout of a sandbox, in seconds."""
    output_bytes: Optional[int]
    """Bytes of stored events. Beyond them, the oldest ended runs lose their events."""
    file_bytes: Optional[int]
    """The largest file that can be uploaded, in bytes."""
    transfers: Optional[int]
    """Transfers of files at the same time."""
    large_bodies: Optional[int]
    """Requests with a body of more than 1 MiB at the same time."""
    egress_hosts: Optional[Sequence[str]]
    """The only hosts that sandboxes can reach. None: as the server allows."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """An API key, without its secret.

    >>> client.keys.current().scopes
    ('sandboxes',)
    """

    id: str
    """``key_…``, or ``env_…`` for a key of the server's environment, which cannot be changed."""
    name: str
    tenant: str
    scopes: tuple[str, ...] = ()
    """What the key allows: ``read``, ``sandboxes``, ``keys``, ``metrics:read`` or ``admin``."""
    state: str = ""
    """``active``, ``expired`` or ``revoked``."""
    prefix: str | None = None
    """The first 12 characters of the secret."""
    created_at: str | None = None
    """RFC 3339, like all times here."""
    created_by: str | None = None
    """The id of the key that created it."""
    expires_at: str | None = None
    """None if it does not expire."""
    last_used_at: str | None = None
    """Accurate to about a minute."""
    replaces: str | None = None
    """The id of the key that this one was rotated from."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> KeyInfo:
        return cls(**_key_fields(body))


@dataclass(frozen=True, slots=True)
class NewKey(KeyInfo):
    """A key that was just created, with its secret.

    >>> client.keys.create("ci", ["sandboxes"]).secret[:8]
    'pf_live_'
    """

    secret: str = field(default="", repr=False)
    """The API key itself. The server shows it only once, and ``repr`` and ``raw`` do not contain it."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> NewKey:
        return cls(secret=str(body["key"]), **_key_fields({name: value for name, value in body.items() if name != "key"}))


@dataclass(frozen=True, slots=True)
class KeyPage:
    """One page of a list of keys."""

    keys: tuple[KeyInfo, ...]
    next_cursor: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> KeyPage:
        return cls(tuple(KeyInfo.parse(item) for item in body["keys"]), text_of(body, "next_cursor"))


@dataclass(frozen=True, slots=True)
class TenantUse:
    """What a tenant has in use."""

    sandboxes: int = 0
    running: int = 0
    """Runs that are being executed, as of a moment ago."""
    memory_mib: int = 0
    """The sum of the memory limits of its sandboxes, in MiB."""


@dataclass(frozen=True, slots=True)
class TenantInfo:
    """A tenant as the server describes it. ``raw`` is the complete answer.

    >>> client.tenants.current().limits["sandboxes"]
    20
    """

    id: str
    name: str
    state: str = ""
    """``active``, ``suspended`` or ``deleted``."""
    limits: TenantLimits = field(default_factory=lambda: TenantLimits())
    """As they were set; with ``current``, as they are in effect."""
    created_at: str | None = None
    in_use: TenantUse | None = None
    """Only with ``current``, and only if the tenant has limits."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> TenantInfo:
        limits, use = body.get("limits"), body.get("in_use")
        return cls(
            id=str(body["id"]),
            name=str(body.get("name", "")),
            state=str(body.get("state", "")),
            limits=cast(TenantLimits, limits) if isinstance(limits, dict) else TenantLimits(),
            created_at=text_of(body, "created_at"),
            in_use=TenantUse(whole_of(use, "sandboxes") or 0, whole_of(use, "running") or 0, whole_of(use, "memory_mib") or 0) if isinstance(use, dict) else None,
            raw=body,
        )


@dataclass(frozen=True, slots=True)
class TenantPage:
    """One page of a list of tenants."""

    tenants: tuple[TenantInfo, ...]
    next_cursor: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> TenantPage:
        return cls(tuple(TenantInfo.parse(item) for item in body["tenants"]), text_of(body, "next_cursor"))


def _key_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    scopes = body.get("scopes")
    return {
        "id": str(body["id"]),
        "name": str(body.get("name", "")),
        "tenant": str(body.get("tenant", "")),
        "scopes": tuple(map(str, scopes)) if isinstance(scopes, list) else (),
        "state": str(body.get("state", "")),
        "raw": body,
        **{name: text_of(body, name) for name in ("prefix", "created_at", "created_by", "expires_at", "last_used_at", "replaces")},
    }
