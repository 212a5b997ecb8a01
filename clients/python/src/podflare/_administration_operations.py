"""The operations of keys, tenants, usage and the audit log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from . import _administration_requests as requests
from . import _calls as calls
from ._administration_models import KeyInfo, KeyPage, NewKey, TenantInfo, TenantPage
from ._models import SandboxPage
from ._operation_models import HostInfo, Overview, ServerInfo
from ._operations import ClientOperations
from ._requests import Request
from ._steps import Answer, Call
from ._trace import Trace
from ._usage_models import AuditPage, UsageReport

T = TypeVar("T")


class KeyOperations:
    """Operations on API keys."""

    def __init__(self, client: ClientOperations) -> None:
        self._client = client

    def create(self, name: str, scopes: Iterable[str], *, expires_in_seconds: float | None, tenant: str | None) -> Call[NewKey]:
        return _json(self._client, requests.create_key(name, scopes, expires_in_seconds=expires_in_seconds, tenant=tenant, trace=self._trace), NewKey.parse)

    def page(self, *, tenant: str | None, state: str | None, limit: int | None, cursor: str | None) -> Call[KeyPage]:
        return _json(self._client, requests.list_keys(tenant=tenant, state=state, limit=limit, cursor=cursor, trace=self._trace), KeyPage.parse)

    def get(self, key_id: str) -> Call[KeyInfo]:
        return _json(self._client, requests.get_key(key_id, self._trace), KeyInfo.parse)

    def current(self) -> Call[KeyInfo]:
        return _json(self._client, requests.get_current_key(self._trace), KeyInfo.parse)

    def update(self, key_id: str, *, name: str | None, scopes: Iterable[str] | None, expires_in_seconds: float | None) -> Call[KeyInfo]:
        request = requests.update_key(key_id, name=name, scopes=scopes, expires_in_seconds=expires_in_seconds, trace=self._trace)
        return _json(self._client, request, KeyInfo.parse)

    def rotate(self, key_id: str, *, overlap_seconds: float | None) -> Call[NewKey]:
        return _json(self._client, requests.rotate_key(key_id, overlap_seconds=overlap_seconds, trace=self._trace), NewKey.parse)

    def revoke(self, key_id: str) -> Call[Answer]:
        return self._client.call(requests.revoke_key(key_id, self._trace))

    @property
    def _trace(self) -> Trace | None:
        return self._client.trace()


class TenantOperations:
    """Operations on tenants."""

    def __init__(self, client: ClientOperations) -> None:
        self._client = client

    def create(self, tenant_id: str, *, name: str | None, limits: Mapping[str, Any] | None) -> Call[TenantInfo]:
        return _json(self._client, requests.create_tenant(tenant_id, name=name, limits=limits, trace=self._trace), TenantInfo.parse)

    def page(self, *, limit: int | None, cursor: str | None) -> Call[TenantPage]:
        return _json(self._client, requests.list_tenants(limit=limit, cursor=cursor, trace=self._trace), TenantPage.parse)

    def get(self, tenant_id: str) -> Call[TenantInfo]:
        return _json(self._client, requests.get_tenant(tenant_id, self._trace), TenantInfo.parse)

    def current(self) -> Call[TenantInfo]:
        return _json(self._client, requests.get_current_tenant(self._trace), TenantInfo.parse)

    def update(
        self, tenant_id: str, *, name: str | None, limits: Mapping[str, Any] | None, state: str | None, end_sandboxes: bool | None
    ) -> Call[TenantInfo]:
        request = requests.update_tenant(tenant_id, name=name, limits=limits, state=state, end_sandboxes=end_sandboxes, trace=self._trace)
        return _json(self._client, request, TenantInfo.parse)

    def delete(self, tenant_id: str) -> Call[Answer]:
        return self._client.call(requests.delete_tenant(tenant_id, self._trace))

    def sandbox_page(self, tenant_id: str, *, state: str | None, limit: int | None, cursor: str | None) -> Call[SandboxPage]:
        request = requests.list_tenant_sandboxes(tenant_id, state=state, limit=limit, cursor=cursor, trace=self._trace)
        return _json(self._client, request, SandboxPage.parse)

    def delete_sandbox(self, tenant_id: str, sandbox_id: str) -> Call[Answer]:
        return self._client.call(requests.delete_tenant_sandbox(tenant_id, sandbox_id, self._trace))

    @property
    def _trace(self) -> Trace | None:
        return self._client.trace()


class HostOperations:
    """Operations on hosts."""

    def __init__(self, client: ClientOperations) -> None:
        self._client = client

    def list(self) -> Call[list[HostInfo]]:
        return _json(self._client, requests.list_hosts(self._client.trace()), HostInfo.parse_list)

    def set_mode(self, host_id: str, action: str) -> Call[HostInfo]:
        return _json(self._client, requests.set_host_mode(host_id, action, self._client.trace()), HostInfo.parse)


def overview(client: ClientOperations) -> Call[Overview]:
    return _json(client, requests.overview(client.trace()), Overview.parse)


def server_info(client: ClientOperations) -> Call[ServerInfo]:
    return _json(client, requests.server_info(client.trace()), ServerInfo.parse)


def usage(
    client: ClientOperations, *, first_day: date | str | None, last_day: date | str | None, group_by: Iterable[str] | None, tenant: str | None
) -> Call[UsageReport]:
    request = requests.usage(first_day=first_day, last_day=last_day, group_by=group_by, tenant=tenant, trace=client.trace())
    return _json(client, request, UsageReport.parse)


def audit_page(
    client: ClientOperations,
    *,
    since: datetime | str | None,
    until: datetime | str | None,
    action: str | None,
    actor: str | None,
    tenant: str | None,
    limit: int | None,
    cursor: str | None,
) -> Call[AuditPage]:
    request = requests.list_audit_entries(since=since, until=until, action=action, actor=actor, tenant=tenant, limit=limit, cursor=cursor, trace=client.trace())
    return _json(client, request, AuditPage.parse)


def _json(client: ClientOperations, request: Request, parse: Callable[[Mapping[str, Any]], T]) -> Call[T]:
    return calls.call_json(request, parse, client.settings.retry)
