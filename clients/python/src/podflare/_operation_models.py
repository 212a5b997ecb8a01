"""Hosts, the overview of a tenant, and the server itself, as the server sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ._models import number_of, text_of, whole_of


@dataclass(frozen=True, slots=True)
class HostInfo:
    """A host of the cluster. A host that is away has only ``id``, ``state`` and ``last_seen``. ``raw`` is the complete answer, with pools and isolation.

    >>> client.hosts.list()[0].state
    'ready'
    """

    id: str
    state: str = ""
    """``ready``, ``starting``, ``cordoned``, ``draining``, ``unwell`` or ``away``."""
    name: str | None = None
    problem: str | None = None
    """Why it is unwell."""
    sandboxes: int | None = None
    slots: int | None = None
    """The most sandboxes that it accepts."""
    waiting: int | None = None
    """Creates that wait for room."""
    memory_used: float | None = None
    """The part of its memory that is promised to sandboxes, from 0 to 1."""
    version: str | None = None
    last_seen: str | None = None
    """RFC 3339: when it last answered the server that was asked."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> HostInfo:
        return cls(
            id=str(body["id"]),
            state=str(body.get("state", "")),
            name=text_of(body, "name"),
            problem=text_of(body, "problem"),
            sandboxes=whole_of(body, "sandboxes"),
            slots=whole_of(body, "slots"),
            waiting=whole_of(body, "waiting"),
            memory_used=number_of(body, "memory_used"),
            version=text_of(body, "version"),
            last_seen=text_of(body, "last_seen"),
            raw=body,
        )

    @classmethod
    def parse_list(cls, body: Mapping[str, Any]) -> list[HostInfo]:
        return [cls.parse(item) for item in body["hosts"]]


@dataclass(frozen=True, slots=True)
class OverviewMinute:
    """What a tenant did within one minute. A time is None if there was nothing to measure; it is right within a sixth."""

    at: datetime
    """Its beginning, in UTC."""
    creates: int = 0
    runs: int = 0
    """Runs of code and processes that ended."""
    errors: int = 0
    """Those of them whose exit code was not 0."""
    create_ms_p50: float | None = None
    create_ms_p95: float | None = None
    run_ms_p50: float | None = None
    run_ms_p95: float | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> OverviewMinute:
        create, run = (body.get(name) or {} for name in ("create_ms", "run_ms"))
        return cls(
            at=datetime.fromtimestamp(body["ts"] / 1000, timezone.utc),
            creates=whole_of(body, "creates") or 0,
            runs=whole_of(body, "runs") or 0,
            errors=whole_of(body, "errors") or 0,
            create_ms_p50=number_of(create, "p50"),
            create_ms_p95=number_of(create, "p95"),
            run_ms_p50=number_of(run, "p50"),
            run_ms_p95=number_of(run, "p95"),
        )


@dataclass(frozen=True, slots=True)
class Overview:
    """What a tenant does now, and did in the last hour.

    >>> client.overview().active_runs
    3
    """

    complete: bool
    """False while a host does not answer: its part is missing."""
    sandboxes: Mapping[str, int]
    """The number of living sandboxes by template."""
    active_runs: int
    queued_runs: int
    minutes: tuple[OverviewMinute, ...]
    """60, the oldest first."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Overview:
        return cls(
            body["complete"] is True,
            dict(body["sandboxes"]["by_template"]),
            int(body["runs"]["active"]),
            int(body["runs"]["queued"]),
            tuple(OverviewMinute.parse(item) for item in body["minutes"]),
        )


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """A server as it describes itself to everybody. ``raw`` is the complete answer.

    >>> client.server_info().version
    '0.9.0'
    """

    version: str
    auth: str
    """``keys`` if callers need an API key or a token, else ``none``."""
    region: str | None = None
    public_url: str | None = None
    status_url: str | None = None
    """The status page."""
    features: tuple[str, ...] = ()
    """Parts of the API that this server offers, where not every version or server does."""
    trace_link: str | None = None
    """The address of a trace in the tracing backend, with ``{trace_id}``."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> ServerInfo:
        features = body.get("features")
        return cls(
            version=str(body["version"]),
            auth=str(body["auth"]),
            region=text_of(body, "region"),
            public_url=text_of(body, "public_url"),
            status_url=text_of(body, "status_url"),
            features=tuple(map(str, features)) if isinstance(features, list) else (),
            trace_link=text_of(body, "trace_link"),
            raw=body,
        )
