# Generated from ../_async/administration.py by unasync.py. Do not edit.
"""What a client does beside sandboxes: keys, tenants, events, hosts and reports, in blocking code."""

from __future__ import annotations

from collections.abc import Iterator, Iterable
from datetime import date, datetime
from typing import TypeVar

from .hosts import Hosts
from .keys import Keys
from .telemetry import Telemetry
from .tenants import Tenants
from .webhooks import Webhooks
from .. import _administration_operations as administration
from .. import _webhook_operations as feed
from .._http import Limit
from .._operation_models import Overview, ServerInfo
from .._operations import ClientOperations
from .._steps import Call
from .._usage_models import AuditEntry, UsageGroup, UsageReport
from .._webhook_models import FeedEvent

T = TypeVar("T")


class Administration:
    """The part of a client that is about the tenant and the server. Client has all of it."""

    _operations: ClientOperations

    def _run(self, steps: Call[T], limit: Limit | None = None) -> T:
        raise NotImplementedError

    @property
    def keys(self) -> Keys:
        """The API keys of a tenant.

        >>> key = client.keys.create("ci", ["sandboxes"])
        """
        return Keys(self)

    @property
    def tenants(self) -> Tenants:
        """The tenants of the server, for administrators.

        >>> tenant = client.tenants.create("acme", limits={"sandboxes": 50})
        """
        return Tenants(self)

    @property
    def webhooks(self) -> Webhooks:
        """The webhooks of the tenant.

        >>> webhook = client.webhooks.create("https://example.com/podflare", ["run.ended"])
        """
        return Webhooks(self)

    @property
    def telemetry(self) -> Telemetry:
        """Where the telemetry of the tenant goes.

        >>> client.telemetry.set("https://otlp.example.com", headers={"x-api-key": "…"})
        """
        return Telemetry(self)

    def list_events(
        self, *, after: int = 0, types: Iterable[str] | None = None, sandbox_id: str | None = None, page_size: int | None = None
    ) -> Iterator[FeedEvent]:
        """What happened to the tenant's sandboxes and runs, oldest first. Further pages are requested as they are needed.

        after: the ``seq`` after which to begin; 0 for the oldest event that is kept. types: only these types; ``run.*`` selects all events of runs.
        page_size: events in one request, at most 1,000. Raises EventsEvictedError if the event after ``after`` is no longer kept.

        >>> for event in client.list_events(types=["run.ended"]):
        ...     print(event.seq, event.run_id, event.data["exit_code"])
        """
        while True:
            page = self._run(feed.feed_page(self._operations, after=after, types=types, sandbox_id=sandbox_id, limit=page_size, wait=False))
            for event in page.events:
                yield event
            # A page with a filter may be empty although more events follow.
            if page.next_after == after:
                return
            after = page.next_after

    def follow_events(self, *, after: int = 0, types: Iterable[str] | None = None, sandbox_id: str | None = None) -> Iterator[FeedEvent]:
        """Like ``list_events``, and waits for further events until the caller stops.

        >>> for event in client.follow_events(after=812):
        ...     print(event.type, event.sandbox_id)
        """
        while True:
            page = self._run(feed.feed_page(self._operations, after=after, types=types, sandbox_id=sandbox_id, limit=None, wait=True))
            for event in page.events:
                yield event
            after = page.next_after

    @property
    def hosts(self) -> Hosts:
        """The hosts of the cluster, for administrators.

        >>> hosts = client.hosts.list()
        """
        return Hosts(self)

    def overview(self) -> Overview:
        """What the tenant does now, and did in the last hour. Needs the scope ``read``.

        >>> (client.overview()).active_runs
        3
        """
        return self._run(administration.overview(self._operations))

    def server_info(self) -> ServerInfo:
        """Describes the server. No API key is needed.

        >>> (client.server_info()).version
        '0.9.0'
        """
        return self._run(administration.server_info(self._operations))

    def usage(
        self,
        *,
        first_day: date | str | None = None,
        last_day: date | str | None = None,
        group_by: Iterable[UsageGroup] | None = None,
        tenant: str | None = None,
    ) -> UsageReport:
        """What was used, by day in UTC and by API key. Needs the scope ``read``, and for other tenants ``admin``.

        first_day, last_day: the range, both included, at most 400 days. Default: the last 30 days.
        group_by: what rows are grouped by. Default: day and key. tenant: another tenant, or ``*`` for all.
        Raises InsufficientScopeError, and TenantNotFoundError.

        >>> report = client.usage(first_day="2026-11-01", group_by=["key"])
        """
        return self._run(administration.usage(self._operations, first_day=first_day, last_day=last_day, group_by=group_by, tenant=tenant))

    def list_audit_entries(
        self,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        action: str | None = None,
        actor: str | None = None,
        tenant: str | None = None,
        page_size: int | None = None,
    ) -> Iterator[AuditEntry]:
        """The audit log, newest first. Needs the scope ``keys``, and for another tenant ``admin``. Further pages are requested as they are needed.

        since, until: a datetime with a time zone, or text such as ``2026-11-29T12:30:00Z``; entries before ``until``.
        action: only this action, such as ``key.revoke``. actor: only acts of the key with this id.
        tenant: another tenant, or ``_server``. page_size: entries in one request, at most 1,000. Raises InsufficientScopeError.

        >>> for entry in client.list_audit_entries(action="sandbox.delete"):
        ...     print(entry.at, entry.actor_id, entry.target_id)
        """
        cursor: str | None = None
        while True:
            page = self._run(
                administration.audit_page(
                    self._operations, since=since, until=until, action=action, actor=actor, tenant=tenant, limit=page_size, cursor=cursor
                )
            )
            for entry in page.entries:
                yield entry
            cursor = page.next_cursor
            if not cursor:
                return
